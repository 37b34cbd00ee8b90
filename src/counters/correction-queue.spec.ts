import { ScriptNotSent, ScriptTimeout } from '../infra/redis/script-pipeline.js';
import type { Claim } from './claim.js';
import { CorrectionQueue } from './correction-queue.js';
import { SharedHold } from './shared-hold.js';
import { WireSheet } from './wire-sheet.js';
import { OVER, RESTORE, type StepParts, type WireStep } from './wire-step.js';

const claim: Claim = {
  counter: 'og:{acme}:test:key:spend',
  amount: 9,
  limit: 100,
  window: { kind: 'calendar', bucket: 'day', expiresAtMs: 0 },
  onExpiry: 'charge',
  onUnavailable: 'open',
};
const sheet = new WireSheet([claim]);
const aHold = (id: string): SharedHold => new SharedHold(id, 60_000, sheet, [9]);
const settled = (id: string): SharedHold => Object.assign(aHold(id), { settled: true });

describe('corrections on their way to Redis', () => {
  let sent: StepParts[];
  let now: number;
  let answer: (step: WireStep) => void;
  let queue: CorrectionQueue;
  const restores = (): boolean[] => sent.map(({ flags = 0 }) => (flags & RESTORE) > 0);

  beforeEach(() => {
    sent = [];
    now = 0;
    answer = ({ answered }) => answered(1);
    queue = new CorrectionQueue({
      ready: () => true,
      post: (step) => {
        sent.push(step.parts);
        answer(step);
      },
      monotonicMs: () => now,
    });
  });

  afterEach(() => queue.close());

  it('send only the newest of each hold', async () => {
    const hold = aHold('a');
    for (const amount of [1, 2, 3]) {
      hold.state([amount]);
      queue.push(hold);
    }
    expect(sent).toHaveLength(0);
    hold.settled = true;
    queue.push(hold);
    await queue.flush();
    const wanted = { op: 2, flags: OVER + RESTORE, holdId: 'a', ttlMs: 60_000, keepMs: 120_000, amounts: [3] };
    expect(sent).toEqual([wanted]);
  });

  it('are sent again after an outage, but not as new ones when Redis may have forgotten the first', async () => {
    answer = ({ failed }) => failed(new ScriptTimeout(75));
    queue.push(settled('a'));
    await queue.flush();
    now = 59_000;
    await queue.flush();
    now = 61_000;
    answer = ({ answered }) => answered(1);
    await queue.flush();
    expect(restores()).toEqual([true, true, true, false].slice(-sent.length));
    expect(queue.size).toBe(0);
  });

  it('wait for the next trial once one has failed, and follow it when it arrives', async () => {
    answer = ({ failed }) => failed(new ScriptTimeout(75));
    queue.push(settled('a'));
    queue.push(settled('b'));
    queue.push(settled('c'));
    expect(sent.map(({ holdId }) => holdId)).toEqual(['a']);
    answer = ({ answered }) => answered(1);
    await queue.flush();
    queue.push(settled('d'));
    expect(sent.map(({ holdId }) => holdId)).toEqual(['a', 'a', 'b', 'c', 'd']);
    expect(queue.size).toBe(0);
  });

  it('of a call that goes on are not tried again once it is over', () => {
    const late: WireStep[] = [];
    answer = (step) => void late.push(step);
    const hold = aHold('a');
    queue.push(hold);
    void queue.flush();
    hold.settled = true;
    queue.push(hold);
    expect(late).toHaveLength(2);
    late[1]?.answered(1);
    late[0]?.failed(new ScriptTimeout(75));
    expect(queue.size).toBe(0);
  });

  it('count as never sent as long as there is no connection', async () => {
    answer = ({ failed }) => failed(new ScriptNotSent());
    queue.push(settled('a'));
    await queue.flush();
    now = 3_000_000;
    await queue.flush();
    expect(new Set(restores())).toEqual(new Set([true]));
  });

  it('are given up when Redis refuses them as such, so that one cannot block the others', async () => {
    answer = ({ failed }) => failed(Object.assign(new Error('WRONGTYPE no'), { name: 'ReplyError' }));
    queue.push(settled('a'));
    await queue.flush();
    expect([queue.size, queue.lost]).toEqual([0, 1]);
  });

  it('wait in a bounded number; the oldest give way', () => {
    answer = ({ failed }) => failed(new ScriptNotSent());
    for (let i = 0; i < 100_005; i += 1) queue.push(settled(`${i}`));
    expect([queue.size, queue.lost]).toEqual([100_000, 5]);
    queue.close();
  });

  it('go in portions when many have waited, all of them at once', async () => {
    answer = ({ failed }) => failed(new ScriptNotSent());
    for (let i = 0; i < 2_000; i += 1) queue.push(settled(`${i}`));
    let open = 0;
    let most = 0;
    answer = ({ answered }) => {
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        answered(1);
      });
    };
    await queue.flush();
    expect([queue.size, most]).toEqual([0, 512]);
  });
});
