import type { ScriptMessage } from '../infra/redis/script-pipeline.js';
import type { Amount } from './amount.js';
import { dollarsAndNanos, KINDS, type WireSheet } from './wire-sheet.js';

/** What the script is asked to do; the numbers are its own. */
export const STEPS = { take: 1, settle: 2, read: 3, seed: 4, raise: 5, abandon: 6, shift: 7 } as const;
/** Of a take: a calendar counter that is missing begins at 0, for there is no ledger to ask. */
export const FROM_ZERO = 1;
/** Of a settle: the call is over. */
export const OVER = 1;
/** Of a settle: count a hold that is unknown. */
export const RESTORE = 2;

/** Of a shift: by less, not by more. */
export const DOWN = 1;

/** Bytes of a step besides its id and amounts. */
const HEAD = 2 + 1 + 2 + 1 + 8 + 8 + 1;
const MOST_ID_BYTES = 255;

export interface StepParts {
  readonly op: number;
  readonly flags?: number;
  /** Of a shift: what names the correction. */
  readonly holdId?: string;
  readonly ttlMs?: number;
  /** How long Redis knows of the hold after that. */
  readonly keepMs?: number;
  /** One a claim, where the step needs them. */
  readonly amounts?: readonly Amount[];
}

/** One thing the script is asked to do, and who waits for the answer. */
export class WireStep implements ScriptMessage {
  constructor(
    readonly sheet: WireSheet,
    readonly parts: StepParts,
    readonly answered: (reply: unknown) => void,
    readonly failed: (error: Error) => void,
  ) {}

  get group(): string {
    return this.sheet.prefix;
  }

  get size(): number {
    return HEAD + Buffer.byteLength(this.parts.holdId ?? '') + 8 * this.sheet.numbers;
  }
}

/** Counts the batches of this process. */
let batch = 0;

/** The keys and arguments with which the script does all these steps. `nowMs` is '' for the server's clock. */
export function encodeSteps(
  steps: readonly WireStep[],
  nowMs: number | '',
): { keys: string[]; args: (string | number | Buffer)[] } {
  const keys: string[] = [];
  const sheets: Buffer[] = [];
  let size = 0;
  batch += 1;
  for (const { sheet, size: own } of steps) {
    size += own;
    if (sheet.batch === batch) continue;
    sheet.batch = batch;
    sheet.place = sheets.push(sheet.bytes);
    const key = `${sheet.prefix}:counters:open`;
    if (!keys.includes(key)) keys.push(key);
  }
  // Not of the pool: what is cut from one of its slabs keeps all 64 KiB for a full collection, of which there were five times as many.
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const step of steps) at = writeStep(bytes, at, step);
  return { keys, args: [nowMs, bytes, ...sheets] };
}

function writeStep(bytes: Buffer, begin: number, { sheet, parts, size }: WireStep): number {
  const { op, flags = 0, holdId = '', ttlMs = 0, keepMs = 0, amounts } = parts;
  let at = bytes.writeUInt16LE(size, begin);
  at = bytes.writeUInt8(op, at);
  at = bytes.writeUInt16LE(sheet.place, at);
  at = bytes.writeUInt8(flags, at);
  at = bytes.writeDoubleLE(ttlMs, at);
  at = bytes.writeDoubleLE(keepMs, at);
  const idBytes = bytes.write(holdId, at + 1);
  if (idBytes > MOST_ID_BYTES) throw new TypeError(`Too long for the id of a hold: "${holdId}"`);
  at = bytes.writeUInt8(idBytes, at) + idBytes;
  if (amounts !== undefined) return writeAmounts(bytes, at, sheet, amounts);
  bytes.fill(0, at, begin + size);
  return begin + size;
}

/** Of slots there is nothing to say: a slot is one. */
function writeAmounts(bytes: Buffer, begin: number, { order, kinds }: WireSheet, amounts: readonly Amount[]): number {
  let at = begin;
  for (let i = 0; i < order.length; i += 1) {
    const kind = kinds[i];
    const amount = amounts[order[i] as number] as Amount;
    if (kind === KINDS.sliding) at = bytes.writeDoubleLE(amount as number, at);
    if (kind !== KINDS.calendar) continue;
    // By places: an iterator for each of them would be most of what a call leaves to the collector here.
    const parts = dollarsAndNanos(amount);
    at = bytes.writeDoubleLE(parts[0], at);
    at = bytes.writeDoubleLE(parts[1], at);
  }
  return at;
}
