/** Buckets of a histogram of durations. Counts of any two histograms may be added up: the bounds never change. */
export const HISTOGRAM_BUCKETS = 40;

/** Upper bounds grow by the square root of two from 1 ms, so that a percentile is seldom off by more than a fifth and never by more than two; the last is open. */
const upperBound = (bucket: number): number => 2 ** (bucket / 2);

/** The bucket a duration in ms belongs in. */
export function bucketOf(ms: number): number {
  // Not above 1 ms: NaN as well.
  if (!(ms > 1)) return 0;
  return Math.min(Math.ceil(2 * Math.log2(ms)), HISTOGRAM_BUCKETS - 1);
}

/** Decimal digits of a bucket's count in a histogram's number. */
const DIGITS = 12;

/**
 * A histogram as the database keeps it: one number in which bucket i is the twelve digits from 10^(12 i) on. Two are merged by
 * adding them. In scientific notation, so that the empty low buckets take no room; of counts below 10^12.
 */
export function histogramNumber(counts: readonly number[]): string {
  let low = 0;
  while (low < counts.length && counts[low] === 0) low += 1;
  let digits = '';
  for (let i = counts.length - 1; i >= low; i -= 1) {
    const count = counts[i] as number;
    if (digits !== '') digits += String(count).padStart(DIGITS, '0');
    else if (count > 0) digits = String(count);
  }
  return digits === '' ? '0' : `${digits}e${low * DIGITS}`;
}

/** The counts in a histogram's number, given with all its digits. */
export function histogramCounts(number: string): number[] {
  return Array.from({ length: HISTOGRAM_BUCKETS }, (_unused, i) => {
    const end = number.length - i * DIGITS;
    return end <= 0 ? 0 : Number(number.slice(Math.max(0, end - DIGITS), end));
  });
}

/** The duration in ms below which the share `q` of the counted lies, interpolated within its bucket; `null` when nothing was counted. */
export function quantile(counts: readonly number[], q: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = q * total;
  let below = 0;
  let bucket = 0;
  for (; bucket < counts.length - 1; bucket += 1) {
    const count = counts[bucket] ?? 0;
    if (count > 0 && below + count >= rank) break;
    below += count;
  }
  const share = Math.min(1, Math.max(0, (rank - below) / Math.max(1, counts[bucket] ?? 0)));
  if (bucket === 0) return share;
  const lower = upperBound(bucket - 1);
  return bucket === HISTOGRAM_BUCKETS - 1 ? lower : lower * (upperBound(bucket) / lower) ** share;
}
