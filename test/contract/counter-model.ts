import { LINGER_MS, type Claim } from '../../src/counters/claim.js';

/** What a counter store promises, said as plainly as possible: lists of events that are summed up on demand. */
export class CounterModel {
  now = 0;
  spent = 0;
  private readonly events: Event[] = [];
  private readonly holds: ModelHold[] = [];

  constructor(
    private readonly limits: { tokens: number; money: number; slots: number },
    private readonly window: { ms: number; widthMs: number; leaseMs: number },
  ) {}

  /** The least and the most that may be counted: an amount may count up to one sub-bucket too long, never too short. */
  tokens(): { least: number; most: number } {
    const since = (ms: number): number =>
      this.events.filter(({ at }) => at > this.now - ms).reduce((sum, { amount }) => sum + amount, 0);
    return { least: since(this.window.ms), most: since(this.window.ms + this.window.widthMs) };
  }

  slots(): number {
    return this.holds.filter((hold) => hold.leaseEndsAt > this.now).length;
  }

  advance(ms: number): void {
    this.now += ms;
    for (const hold of this.holds) {
      if (hold.over || hold.expired || hold.onExpiry === 'charge') continue;
      if (hold.expiresAt + (hold.onExpiry === 'linger' ? LINGER_MS : 0) > this.now) continue;
      hold.expired = true;
      this.end(hold);
    }
  }

  /** Whether the store may, and whether it must, grant this. */
  judge(tokens: number, money: number, slot: boolean): { may: boolean; must: boolean } {
    const { least, most } = this.tokens();
    const rest = this.spent + money <= this.limits.money && (!slot || this.slots() < this.limits.slots);
    return { may: rest && least + tokens <= this.limits.tokens, must: rest && most + tokens <= this.limits.tokens };
  }

  grant(tokens: number, money: number, slot: boolean, ttlMs: number, onExpiry: Claim['onExpiry']): void {
    const first = { at: this.now, amount: tokens };
    this.events.push(first);
    this.spent += money;
    this.holds.push({
      first: [first],
      late: [],
      tokens,
      money,
      ttlMs,
      onExpiry,
      expired: false,
      over: false,
      expiresAt: this.now + ttlMs,
      leaseEndsAt: slot ? this.now + this.window.leaseMs : Number.NEGATIVE_INFINITY,
    });
  }

  adjust(index: number, tokens: number, money: number): void {
    const hold = this.holds[index] as ModelHold;
    if (hold.over) return;
    this.correct(hold, tokens, money);
    hold.expired = false;
    hold.expiresAt = this.now + hold.ttlMs;
    if (hold.leaseEndsAt > this.now) hold.leaseEndsAt = this.now + this.window.leaseMs;
  }

  settle(index: number, tokens: number, money: number): void {
    const hold = this.holds[index] as ModelHold;
    if (hold.over) return;
    this.correct(hold, tokens, money);
    hold.over = true;
    hold.leaseEndsAt = Number.NEGATIVE_INFINITY;
  }

  /** What is still in the window is given back; what is not stays stated, and is not counted again. */
  private end(hold: ModelHold): void {
    const { ms, widthMs } = this.window;
    const bucket = (at: number): number => Math.floor(at / widthMs);
    for (const event of [...hold.late, ...hold.first]) {
      if (bucket(event.at) < bucket(this.now) - ms / widthMs) continue;
      hold.tokens -= event.amount;
      event.amount = 0;
    }
    this.spent -= hold.money;
    hold.money = 0;
  }

  private correct(hold: ModelHold, tokens: number, money: number): void {
    const more = tokens - hold.tokens;
    if (more > 0) this.addTokens(hold, more);
    else this.giveBack(hold, -more);
    hold.tokens = tokens;
    this.spent += money - hold.money;
    hold.money = money;
  }

  private addTokens(hold: ModelHold, amount: number): void {
    const bucket = (at: number): number => Math.floor(at / this.window.widthMs);
    const event = { at: this.now, amount };
    this.events.push(event);
    // Only the first and the latest sub-bucket of a hold can be given back to.
    if (bucket((hold.first[0] as Event).at) === bucket(this.now)) hold.first.push(event);
    else if (hold.late.length > 0 && bucket((hold.late[0] as Event).at) === bucket(this.now)) hold.late.push(event);
    else hold.late = [event];
  }

  private giveBack(hold: ModelHold, amount: number): void {
    let left = amount;
    for (const event of [...hold.late, ...hold.first]) {
      const back = Math.min(left, event.amount);
      event.amount -= back;
      left -= back;
    }
  }
}

interface Event {
  readonly at: number;
  amount: number;
}

interface ModelHold {
  /** What was counted in the sub-bucket of the take, and in that of the latest addition. */
  first: Event[];
  late: Event[];
  tokens: number;
  money: number;
  ttlMs: number;
  onExpiry: Claim['onExpiry'];
  expired: boolean;
  over: boolean;
  expiresAt: number;
  leaseEndsAt: number;
}
