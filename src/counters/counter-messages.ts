import type { ScriptCall } from '../infra/redis/script-pipeline.js';
import { fit, minusToZero, plus, type Amount } from './amount.js';
import { subBuckets, type CalendarWindow, type Claim, type CounterQuery, type Window } from './claim.js';
import { SLOT_RETRY_MS, type CounterState, type Refusal } from './counter.store.js';
import type { SharedHold } from './shared-hold.js';

/** How long the record of an unsettled hold stays after its expiry, so that a late settlement still corrects, ms. */
const KEEP_RECORD_MS = 3_600_000;

const PROCESSES_TAG = 'og:{counters}';
const PROCESSES = `${PROCESSES_TAG}:counters:processes`;

/** What the script said to a take. */
export type TakeReply =
  | { readonly kind: 'taken'; readonly states: readonly CounterState[] }
  | { readonly kind: 'refused'; readonly states: readonly CounterState[]; readonly refused: Refusal }
  | { readonly kind: 'missing'; readonly indices: readonly number[] }
  | { readonly kind: 'twice' };

/** Translates between claims and the words of the counter script. `nowMs` is '' for the server's clock. */
export function takeCall(hold: SharedHold, seeds: ReadonlyMap<number, Amount>, nowMs: number | ''): ScriptCall {
  const args: (string | number)[] = ['take', nowMs, hold.id, hold.ttlMs, KEEP_RECORD_MS];
  hold.claims.forEach((claim, i) => {
    const [kind, first] = windowArgs(claim.window);
    const second = claim.window.kind === 'calendar' ? (seeds.get(i)?.toString() ?? '') : windowArgs(claim.window)[2];
    args.push(kind, claim.amount.toString(), bound(claim), first, second, claim.onExpiry === 'release' ? 'r' : 'c');
  });
  return { group: hold.prefix, keys: holdKeys(hold), args };
}

/** `restore`: count the hold even if Redis does not know it. `rememberMs`: how long a settled hold stays known as settled. */
export function settleCall(
  hold: SharedHold,
  how: { over: boolean; restore: boolean; rememberMs: number },
  nowMs: number | '',
): ScriptCall {
  const keep = how.over ? how.rememberMs : KEEP_RECORD_MS;
  const args: (string | number)[] = ['settle', nowMs, hold.id, hold.ttlMs, keep, how.over ? 1 : 0, how.restore ? 1 : 0];
  hold.claims.forEach((claim, i) => {
    const [kind, first, second] = windowArgs(claim.window);
    args.push(kind, (hold.stated[i] as Amount).toString(), first, second, claim.onExpiry === 'release' ? 'r' : 'c');
  });
  return { group: hold.prefix, keys: holdKeys(hold), args };
}

export function readCall(prefix: string, queries: readonly CounterQuery[], nowMs: number | ''): ScriptCall {
  const holds = holdsKey(prefix);
  const args: (string | number)[] = ['read', nowMs];
  for (const { window } of queries) args.push(...windowArgs(window));
  return { group: prefix, keys: [holds, holds, ...queries.map(keyOf)], args };
}

export function seedCall(prefix: string, query: CounterQuery, value: Amount, nowMs: number | ''): ScriptCall {
  const holds = holdsKey(prefix);
  const { expiresAtMs } = query.window as CalendarWindow;
  return { group: prefix, keys: [holds, holds, keyOf(query)], args: ['seed', nowMs, value.toString(), expiresAtMs] };
}

/** Lifts a calendar counter that is there to `value`, unless it counts more already. */
export function raiseCall(prefix: string, query: CounterQuery, value: Amount, nowMs: number | ''): ScriptCall {
  const holds = holdsKey(prefix);
  return { group: prefix, keys: [holds, holds, keyOf(query)], args: ['raise', nowMs, value.toString()] };
}

/** Ends a hold whose process died, whatever it had claimed. */
export function abandonedCall(prefix: string, holdId: string, spent: Amount, nowMs: number | ''): ScriptCall {
  const holds = holdsKey(prefix);
  const args = ['abandoned', nowMs, holdId, spent.toString(), KEEP_RECORD_MS];
  return { group: prefix, keys: [holds, `${holds}:${holdId}`], args };
}

/** Moves a calendar counter that is there by a correction, unless that was done before. */
export function shiftCall(
  prefix: string,
  query: CounterQuery,
  { by, once }: { by: bigint; once: string },
  nowMs: number | '',
): ScriptCall {
  const keys = [holdsKey(prefix), `${prefix}:shifts:${once}`, keyOf(query)];
  const [sign, amount] = by < 0n ? ['-', -by] : ['+', by];
  return { group: prefix, keys, args: ['shift', nowMs, sign, amount.toString()] };
}

/** Notes that this process lives; the answer is how many do. */
export function beatCall(processId: string, countsForMs: number): ScriptCall {
  return { group: PROCESSES_TAG, keys: [PROCESSES], args: ['beat', '', processId, countsForMs] };
}

/** Notes that this process ends. */
export function leaveCall(processId: string): ScriptCall {
  return { group: PROCESSES_TAG, keys: [PROCESSES], args: ['leave', '', processId] };
}

export function readTakeReply(claims: readonly Claim[], reply: unknown): TakeReply {
  const [status, index, retry, ...rest] = reply as [string, number, number, ...(string | number)[]];
  if (status === 'twice') return { kind: 'twice' };
  if (status === 'missing') {
    return { kind: 'missing', indices: (reply as number[]).slice(1).map((at) => at - 1) };
  }
  const taken = status === 'ok';
  const states = readStates(claims, rest).map((state, i) => (taken ? withMore(state, claims[i] as Claim) : state));
  if (taken) return { kind: 'taken', states };
  const state = states[index - 1] as CounterState;
  const retryAfterMs = retry === -1 ? null : retry === -2 ? SLOT_RETRY_MS : retry;
  return { kind: 'refused', states, refused: { ...state, index: index - 1, retryAfterMs } };
}

/** Pairs of used and reset; used '' for a calendar counter that is missing. */
export function readStates(queries: readonly CounterQuery[], pairs: readonly (string | number)[]): CounterState[] {
  return queries.map(({ counter, limit }, i) => {
    const used = fit(BigInt(pairs[2 * i] ?? 0));
    return { counter, limit, used, remaining: minusToZero(limit, used), resetMs: Number(pairs[2 * i + 1]) };
  });
}

export function keyOf({ counter, window }: CounterQuery): string {
  switch (window.kind) {
    case 'sliding':
      return `${counter}:${window.ms}ms`;
    case 'calendar':
      return `${counter}:${window.bucket}`;
    case 'slots':
      return `${counter}:slots`;
  }
}

function withMore(state: CounterState, claim: Claim): CounterState {
  const used = plus(state.used, claim.amount);
  const resetMs = state.used === 0 && claim.window.kind === 'sliding' ? fullReset(claim) : state.resetMs;
  return { ...state, used, remaining: minusToZero(state.limit, used), resetMs };
}

/** The counter was empty: what was taken just now leaves after the window, at most one sub-bucket later. */
function fullReset({ window, amount }: Claim): number {
  if (window.kind !== 'sliding' || amount === 0) return 0;
  const { widthMs, count } = subBuckets(window.ms);
  return (count + 1) * widthMs;
}

function windowArgs(window: Window): [kind: string, first: number, second: number | string] {
  switch (window.kind) {
    case 'sliding': {
      const { widthMs, count } = subBuckets(window.ms);
      return ['s', widthMs, count];
    }
    case 'calendar':
      return ['c', window.expiresAtMs, ''];
    case 'slots':
      return ['l', window.leaseMs, ''];
  }
}

/** Calendar counters are compared as text: what may already be used so that the amount still fits; '' when it never fits. */
function bound({ amount, limit, window }: Claim): string {
  if (window.kind !== 'calendar') return limit.toString();
  return amount > limit ? '' : minusToZero(limit, amount).toString();
}

function holdKeys(hold: SharedHold): string[] {
  const holds = holdsKey(hold.prefix);
  return [holds, `${holds}:${hold.id}`, ...hold.claims.map(keyOf)];
}

function holdsKey(prefix: string): string {
  return `${prefix}:counters:holds`;
}
