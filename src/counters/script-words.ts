import { LINGER_MS, SUB_BUCKETS } from './claim.js';

/** Names of places and values in the counter script, written as numbers into it: a table that is indexed by numbers is faster. */
export const WORDS = {
  // Kinds of counters.
  SLIDING: 1,
  SLOTS: 2,
  CALENDAR: 3,
  // The numbers of a shelf: until when it lives, the sign of the layout it begins with, then those of its counters.
  ENDS: 1,
  SIGN: 2,
  FIRST_PLACE: 3,
  // Sliding: what is counted, and after that the newest sub-bucket (-1: nothing is counted), what is in it, the oldest sub-bucket.
  NEWEST: 1,
  HERE: 2,
  OLDEST: 3,
  // Slots: how many are held. Calendar: dollars (-1: there is no such counter), and after them nano-dollars.
  NANOS: 1,
  // What a sheet says of a claim, in bytes: kind, place on its shelf, where in the sheet's numbers what there is to say of its time
  // begins, whether the end of a hold's life gives it back (1) or does so later (2), which shelf.
  AT_PLACE: 1,
  AT_SPAN: 2,
  AT_GIVES: 3,
  AT_SHELF: 4,
  PER_CLAIM: 5,
  // The numbers of a sheet: lease, longest sliding window that is given back, how many numbers a full record has; then for each
  // kind of sub-buckets their width and count, and room for the one of this moment; for the end of a day or month, epoch ms, as
  // many; then of each shelf for how long and until when it must live, and the sign of its layout.
  LEASE_MS: 1,
  WINDOW_MS: 2,
  FULL_NUMBERS: 3,
  FIRST_SPAN: 4,
  COUNT: 1,
  BUCKET: 2,
  PER_SPAN: 3,
  PER_SHELF: 3,
  // The numbers of a record: the ends of life and lease, in the fresh form when it was taken; where those of the claims begin.
  LIFE: 1,
  LEASE: 2,
  TAKEN: 3,
  FRESH_CLAIMS: 4,
  FULL_CLAIMS: 3,
  // Of a sliding claim in the full form: how much is counted, the sub-bucket of the take and what is left in it, the latest later
  // one and what is in it. Of a calendar claim: dollars, nano-dollars.
  P_BUCKET: 1,
  P_FIRST: 2,
  P_LATE: 3,
  P_LATER: 4,
  PER_SLIDING: 5,
  PER_CALENDAR: 2,
  LINGER: LINGER_MS,
  NANO: 1_000_000_000,
  DAY: 86_400_000,
  MOST_SUB_BUCKETS: SUB_BUCKETS,
  // A shelf that does not begin with the counters of a sheet is laid out anew for it, but not more often than this.
  LAY_EVERY: 10_000,
  // So long an organisation is known to have had counters: longer than any of them lives.
  BEGUN: 3_456_000_000,
  // A shelf is to live this much longer than it must, so that its end is not put off with every step.
  SLACK: 600_000,
} as const;

/** The script with numbers in place of the words. */
export function withoutWords(lua: string): string {
  const numbers: Readonly<Record<string, number>> = WORDS;
  return lua.replace(/\b[A-Z][A-Z_]+\b/g, (word) => String(numbers[word] ?? word));
}
