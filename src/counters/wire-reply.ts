import type { Amount } from './amount.js';
import { subBuckets, type Claim } from './claim.js';
import { SLOT_RETRY_MS } from './counter.store.js';
import { amountOf, KINDS, type WireSheet } from './wire-sheet.js';

/** How counters stood, one a claim. */
export interface StandingReply {
  readonly used: Amount[];
  readonly resets: number[];
}

/** What the script said to a take. `lost`: nothing says that the organisation ever had counters of days or months. */
export type TakeReply =
  | ({ readonly kind: 'taken' } & StandingReply)
  | ({ readonly kind: 'refused'; readonly index: number; readonly retryAfterMs: number | null } & StandingReply)
  | { readonly kind: 'missing'; readonly indices: readonly number[]; readonly lost: boolean }
  | { readonly kind: 'twice' };

const STATUS = { taken: 0, refused: 1, missing: 2 } as const;
const FAULT = 'E'.charCodeAt(0);
const HEAD = 16;

/** The script's own words for a step that failed; `null`: it did not. */
export function faultIn(reply: unknown): string | null {
  return Buffer.isBuffer(reply) && reply[0] === FAULT ? reply.toString('utf8', 1) : null;
}

export function readTakeReply(sheet: WireSheet, amounts: readonly Amount[], reply: Buffer): TakeReply {
  switch (reply.readDoubleLE(0)) {
    case STATUS.taken:
      return { kind: 'taken', ...readStanding(sheet, reply) };
    case STATUS.refused:
      return readRefusal(sheet, amounts, reply);
    case STATUS.missing:
      return { kind: 'missing', indices: readMissing(sheet, reply), lost: reply.readDoubleLE(HEAD) === 0 };
    default:
      return { kind: 'twice' };
  }
}

/** `used` of a calendar counter that is missing is -1. */
export function readStanding(sheet: WireSheet, reply: Buffer, retries: number[] | null = null): StandingReply {
  const { claims, order, kinds } = sheet;
  const nowMs = reply.readDoubleLE(8);
  const used: Amount[] = new Array<Amount>(claims.length).fill(0);
  const resets = new Array<number>(claims.length).fill(0);
  let at = HEAD;
  for (let i = 0; i < order.length; i += 1) {
    const index = order[i] as number;
    const first = reply.readDoubleLE(at);
    used[index] = first;
    at += 8;
    if (kinds[i] === KINDS.slots) continue;
    const second = reply.readDoubleLE(at);
    at += 8;
    if (kinds[i] === KINDS.calendar) {
      if (first >= 0) used[index] = amountOf(first, second);
      resets[index] = Math.max(0, endOf(claims[index] as Claim) - nowMs);
      continue;
    }
    resets[index] = first > 0 ? emptyAt(claims[index] as Claim, second) - nowMs : 0;
    if (retries === null) continue;
    retries[index] = reply.readDoubleLE(at);
    at += 8;
  }
  return { used, resets };
}

function endOf({ window }: Claim): number {
  return window.kind === 'calendar' ? window.expiresAtMs : 0;
}

/** When nothing is counted any more of a sliding window whose newest sub-bucket is this, epoch ms. */
function emptyAt({ window }: Claim, newest: number): number {
  if (window.kind !== 'sliding') return 0;
  const { widthMs, count } = subBuckets(window.ms);
  return (newest + 1 + count) * widthMs;
}

function readRefusal(sheet: WireSheet, amounts: readonly Amount[], reply: Buffer): TakeReply {
  const retries: number[] = [];
  const { claims } = sheet;
  const { used, resets } = readStanding(sheet, reply, retries);
  const index = claims.findIndex(({ limit }, i) => BigInt(used[i] ?? 0) + BigInt(amounts[i] ?? 0) > BigInt(limit));
  const { limit, window } = claims[index] as Claim;
  let retryAfterMs: number | null = null;
  if ((amounts[index] ?? 0) <= limit) {
    if (window.kind === 'slots') retryAfterMs = SLOT_RETRY_MS;
    else retryAfterMs = (window.kind === 'sliding' ? retries[index] : resets[index]) ?? 0;
  }
  return { kind: 'refused', index, retryAfterMs, used, resets };
}

function readMissing({ order }: WireSheet, reply: Buffer): number[] {
  const indices: number[] = [];
  for (let at = HEAD + 8; at < reply.length; at += 8) indices.push(order[reply.readDoubleLE(at) - 1] as number);
  return indices;
}
