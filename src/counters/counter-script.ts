import { SCRIPT_COUNTERS } from './script-counters.js';
import { SCRIPT_HOLDS } from './script-holds.js';
import { SCRIPT_SHELVES } from './script-shelves.js';
import { SCRIPT_STEPS } from './script-steps.js';
import { withoutWords } from './script-words.js';

/**
 * The one script of the Redis counters: all steps a process wants done in one moment, one after the other, by the server's
 * clock. What several of them touch is read once and written once.
 *
 * `KEYS`: for routing, a key of each organisation; all others are built from its prefix, `og:{<org>}`, and so on the same slot.
 * `ARGV[1]`: epoch ms instead of the server's clock, or ''. `ARGV[2]`: the steps, `wire-step.ts`. `ARGV[3…]`: sheets, the
 * descriptions of lists of claims, `wire-sheet.ts`. The answer has one element a step; one that failed says so and leaves the
 * others alone.
 *
 * Keys. A shelf, `og:{<org>}:<thing>:<id>`, is a hash with all counters of one thing. Its field `v` has all their numbers as
 * doubles, for what a step costs is mostly how many values the server handles and how many bytes it makes texts of. They are until
 * when the shelf lives, epoch ms, what the layout begins with (below), and of a sliding window `<name>|s<ms>` its total, newest
 * sub-bucket, amount in that, and oldest sub-bucket; of slots `<name>|l` how many are held; of a day or month `<name>|c<bucket>`
 * whole dollars (-1: missing) and nano-dollars (a number of Lua is exact only to 2^53). Field `l`, the layout, says which counters
 * these are, after the moment in which the shelf was laid out, epoch ms. Sheets name counters by their place. A shelf that begins
 * with a sheet's counters needs no search, so it is laid out anew for those who take from it; by the sign of a layout, 53 bits of
 * its SHA-256, a sheet knows without reading it. Further fields: `~` and the name of a sliding window, pairs of sub-bucket and
 * amount between the oldest and the newest; the name of a day or month and `?`, what is reserved in it before it begins; `late`,
 * when a call was open last whose day or month was over.
 *
 * `<prefix>:counters:open` is a sorted set of holds by when they are to be looked at next: the end of a lease, or of the hold's
 * life where that gives something back. The record of a hold, `<prefix>:counters:open:<id>`, has a byte for its form, the length
 * of its numbers in two, the numbers, and what its sheet is called: that is kept as `<prefix>:counters:sheet:<name>` as long as
 * records name it. Numbers are the end of life, the end of the lease (0: none), and in the fresh form (0) when it was taken and the
 * amounts as they came, in the full form (1) for a sliding claim held, sub-bucket, amount in it, late sub-bucket, amount in it, and
 * for a calendar claim held dollars and nano-dollars. An empty record says that the hold is settled. `<prefix>:shifts:<name>` says
 * that a correction of the ledger was made, `<prefix>:counters:begun` that the organisation has had a day or month: one that is
 * missing may have been lost only where this is missing too. Needs Redis 6.2.
 *
 * It is written so that little happens before the first step: functions have no upvalues, since making a closure costs more than
 * most of what they do, but find each other and all state in the table `S`.
 */
export const COUNTER_SCRIPT = withoutWords([SCRIPT_COUNTERS, SCRIPT_SHELVES, SCRIPT_HOLDS, SCRIPT_STEPS].join('\n'));
