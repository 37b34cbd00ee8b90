import type { PriceCard } from '../../libs/protocol/index.js';

/** Every day from one time to another, in seconds since midnight UTC; `from` may be later than `to`: over midnight. */
export interface DailyWindow {
  readonly fromSecond: number;
  readonly toSecond: number;
}

/** A price and when it holds: from `fromMs` to before `toMs`, within `daily` where the price depends on the time of day. */
export interface PricePeriod {
  readonly fromMs: number;
  readonly toMs: number;
  readonly daily: DailyWindow | null;
  readonly card: PriceCard;
}

const DAY_MS = 86_400_000;

/** The first price that holds at `atMs`. */
export function cardAt(periods: readonly PricePeriod[], atMs: number): PriceCard | null {
  for (const period of periods) {
    if (atMs >= period.fromMs && atMs < period.toMs && (period.daily === null || within(period.daily, atMs))) {
      return period.card;
    }
  }
  return null;
}

function within({ fromSecond, toSecond }: DailyWindow, atMs: number): boolean {
  const second = (((atMs % DAY_MS) + DAY_MS) % DAY_MS) / 1000;
  return fromSecond <= toSecond ? second >= fromSecond && second < toSecond : second >= fromSecond || second < toSecond;
}
