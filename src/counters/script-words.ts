import { LINGER_MS } from './claim.js';

/** Names of places and values in the counter script, written as numbers into it: a table that is indexed by numbers is faster. */
const WORDS: Readonly<Record<string, number>> = {
  // Kinds of counters.
  SLIDING: 1,
  SLOTS: 2,
  CALENDAR: 3,
  // The row of a counter.
  KIND: 1,
  FIELD: 2,
  SHELF: 3,
  // Sliding: what is counted, the newest sub-bucket (-1: nothing is counted), what is in that, the oldest sub-bucket.
  TOTAL: 4,
  NEWEST: 5,
  HERE: 6,
  OLDEST: 7,
  WIDTH: 8,
  COUNT: 9,
  // Slots that are held.
  HELD: 4,
  // Calendar: false where there is no such counter; epoch ms.
  DOLLARS: 4,
  NANOS: 5,
  ENDS: 6,
  // Whether it is to be written, whether its history is, and the history of a sliding window if it was read.
  DIRTY: 10,
  PAST_DIRTY: 11,
  PAST: 12,
  // The numbers of a claim in its sheet: kind, width or lease or end, number of sub-buckets, the limit in two, whether the end of
  // a hold's life gives it back (1), or does so later (2).
  AT_SPAN: 1,
  AT_COUNT: 2,
  AT_LIMIT: 3,
  AT_LIMIT_NANOS: 4,
  AT_GIVES: 5,
  PER_CLAIM: 6,
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
  // So long an organisation is known to have had counters: longer than any of them lives.
  BEGUN: 3_456_000_000,
  // A shelf is to live this much longer than it must, so that its end is not put off with every step.
  SLACK: 600_000,
};

/** The script with numbers in place of the words. */
export function withoutWords(lua: string): string {
  return lua.replace(/\b[A-Z][A-Z_]+\b/g, (word) => String(WORDS[word] ?? word));
}
