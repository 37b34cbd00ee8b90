import { SCRIPT_COUNTERS } from './script-counters.js';
import { SCRIPT_HOLDS } from './script-holds.js';
import { SCRIPT_STEPS } from './script-steps.js';

/**
 * The one script of the Redis counters: all steps a process wants done in one moment, one after the other, by the server's
 * clock. What several of them touch is read once and written once.
 *
 * `KEYS`: for routing, a key of each organisation; all others are built from its prefix, `og:{<org>}`, and so on the same slot.
 * `ARGV[1]`: epoch ms instead of the server's clock, or ''. `ARGV[2]`: the steps, `wire-step.ts`. `ARGV[3…]`: sheets, the
 * descriptions of lists of claims, `wire-sheet.ts`. The answer has one element a step; one that failed says so and leaves the
 * others alone.
 *
 * Keys. A shelf, `og:{<org>}:<thing>:<id>`, is a hash of all counters of one thing; `@` says when it ends, epoch ms. Fields hold
 * doubles: a sliding window `<name>|s<ms>` its total, newest sub-bucket, amount in that, and oldest sub-bucket, with what is
 * between them in `<name>|s<ms>~` as pairs of sub-bucket and amount; slots `<name>|l` how many are held; a day or month
 * `<name>|c<bucket>` whole dollars, nano-dollars (a number of Lua is exact only to 2^53) and its end.
 * `<prefix>:counters:holds` is a sorted set of holds by when they are to be looked at next: the end of a lease, or of the hold's
 * life where that gives something back. The record of a hold, `<prefix>:counters:holds:<id>`, has the length of its numbers, the
 * numbers {end of life, end of lease, then for a sliding claim held, sub-bucket, amount in it, late sub-bucket, amount in it, and
 * for a calendar claim held dollars and nano-dollars} and the sheet; an empty one says that the hold is settled. `<prefix>:shifts:<name>`
 * says that a correction of the ledger was made. Needs Redis 6.2.
 */
export const COUNTER_SCRIPT = [SCRIPT_COUNTERS, SCRIPT_HOLDS, SCRIPT_STEPS].join('\n');
