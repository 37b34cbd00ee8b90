import { isUtf8 } from 'node:buffer';
import type { Usage } from '../../protocol/index.js';
import { ByteEdits, ObjectScan, OPEN_BRACKET } from '../../streaming/index.js';
import { CHOICE_LIST, ChoiceTally } from './choices.js';
import { readUsage } from './usage.js';

const ANSWER = new ObjectScan(['model', 'choices', 'usage', 'error', 'object'] as const).nest('choices', CHOICE_LIST);
const MODEL = ANSWER.slot('model');
const CHOICES = ANSWER.slot('choices');
const USAGE = ANSWER.slot('usage');
const ERROR = ANSWER.slot('error');
const OBJECT = ANSWER.slot('object');
const EDITS = new ByteEdits();

/** A whole answer that may be sent on. */
export interface RelayedAnswer {
  readonly kind: 'answer';
  /** The upstream's own buffer where nothing had to change. */
  readonly body: Buffer;
  readonly usage: Usage | null;
  /** Bytes of generated text as they stand in the JSON: what to count by when there is no usage. */
  readonly textBytes: number;
  /** Of the last choice that has one. */
  readonly finishReason: string | null;
}

/** A 200 that says in its body that the call failed. */
export interface AnswerWithError {
  readonly kind: 'upstream_error';
  /** The `error` member, or the whole body where it is an error itself. */
  readonly error: unknown;
}

/** A body that is no answer: cut off, HTML, an array, an object without choices. */
export interface UnreadableAnswer {
  readonly kind: 'unreadable';
  /** In a few words, nothing of the body in it. */
  readonly reason: string;
}

export type ChatAnswer = RelayedAnswer | AnswerWithError | UnreadableAnswer;

/**
 * Relays a whole `chat.completion`: only the value of the top-level `model` is replaced, every other byte stays.
 * @param alias the name the caller used; `null` leaves the upstream's
 */
export function relayChatAnswer(body: Buffer, alias: string | null): ChatAnswer {
  if (!isUtf8(body)) return { kind: 'unreadable', reason: 'the body is not UTF-8' };
  const tally = new ChoiceTally();
  tally.begin();
  const status = ANSWER.run(body);
  if (status !== 'ok') return { kind: 'unreadable', reason: REASONS[status] };
  if (ANSWER.duplicate >= 0) return { kind: 'unreadable', reason: 'the body names a field twice' };
  const error = errorIn(body);
  if (error !== undefined) return { kind: 'upstream_error', error };
  if (!ANSWER.has(CHOICES) || body[ANSWER.valueStart(CHOICES)] !== OPEN_BRACKET) {
    return { kind: 'unreadable', reason: 'the body has no list of choices' };
  }
  tally.commit();
  return {
    kind: 'answer',
    body: rename(body, alias),
    usage: ANSWER.has(USAGE) ? readUsage(parsed(body, USAGE)) : null,
    textBytes: tally.textBytes,
    finishReason: tally.finishReason,
  };
}

/** What a 200 says went wrong; `undefined` for an answer. */
function errorIn(body: Buffer): unknown {
  if (ANSWER.has(ERROR)) {
    const error = parsed(body, ERROR);
    if (error !== null) return error ?? 'unreadable error';
  }
  return ANSWER.has(OBJECT) && parsed(body, OBJECT) === 'error' ? JSON.parse(body.toString('utf8')) : undefined;
}

const REASONS = {
  incomplete: 'the body is cut off',
  malformed: 'the body is not a JSON object',
  too_deep: 'the body is nested too deeply',
} as const;

function rename(body: Buffer, alias: string | null): Buffer {
  if (alias === null || !ANSWER.has(MODEL)) return body;
  const start = ANSWER.valueStart(MODEL);
  const end = ANSWER.valueEnd(MODEL);
  const name = Buffer.from(JSON.stringify(alias));
  if (body.compare(name, 0, name.length, start, end) === 0) return body;
  EDITS.clear();
  EDITS.add(start, end, name);
  return EDITS.apply(body, 0, body.length);
}

/** `undefined` where a bad escape makes the value unreadable after all. */
function parsed(body: Buffer, slot: number): unknown {
  try {
    return JSON.parse(body.toString('utf8', ANSWER.valueStart(slot), ANSWER.valueEnd(slot)));
  } catch {
    return undefined;
  }
}
