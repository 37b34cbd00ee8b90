import { type CanonicalAnswer, type Choice, type JsonFields, type RawUsage, wireError } from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { listOf, numberOf, objectOf, restOf, textOf, withInner } from '../fields.js';
import { readOllamaUsage } from '../usage/ollama.js';
import type { Decoded } from '../wire-format.js';
import { CallIds } from './call-ids.js';
import { decodeSpoken } from './decode-messages.js';
import { finishOf } from './finish.js';
import { decodeLogprobs } from './logprobs.js';
import { ANSWER, COUNTS, FORMAT } from './shapes.js';

/** Reads a whole answer of `POST /api/chat`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<CanonicalAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  const message = objectOf(fields, 'message');
  if ((fields['error'] ?? null) !== null) return { ok: false, error: errorInside(FORMAT, fields) };
  if (message === undefined) return { ok: false, error: wireError('malformed', 'The answer has no message.') };
  const createdAt = textOf(fields, 'created_at');
  return {
    ok: true,
    value: {
      source: FORMAT,
      model: textOf(fields, 'model'),
      created: secondsOf(createdAt),
      choices: [choiceOf(fields, message)],
      usage: readOllamaUsage(fields),
      rawUsage: countsOf(fields),
      extensions: restOf(fields, ANSWER, FORMAT),
      form: createdAt,
    },
  };
}

function choiceOf(fields: JsonFields, message: JsonFields): Choice {
  const spoken = decodeSpoken(message, callIdsOf(fields));
  const hasCalls = spoken.parts.some(({ type }) => type === 'tool-call');
  const logprobs = listOf(fields, 'logprobs');
  const done = fields['done'] === true;
  return {
    index: 0,
    parts: spoken.parts,
    finish: done || fields['done_reason'] !== undefined ? finishOf(textOf(fields, 'done_reason'), hasCalls) : null,
    logprobs: logprobs === undefined ? undefined : decodeLogprobs(logprobs),
    extensions: withInner(undefined, FORMAT, 'message', spoken.extensions),
    form: [...(spoken.form === undefined ? [] : [spoken.form]), ...(done ? [] : ['open'])].join(' '),
  };
}

/** Answers have no id; their moment tells the calls of one from those of another. */
export function callIdsOf(fields: JsonFields): CallIds {
  const moment = Date.parse(textOf(fields, 'created_at') ?? '');
  return new CallIds(Number.isNaN(moment) ? 'call_' : `call_${Math.abs(moment).toString(36)}_`);
}

/** Seconds since 1970 of an RFC 3339 time. */
export function secondsOf(time: string | undefined): number | undefined {
  const moment = Date.parse(time ?? '');
  return Number.isNaN(moment) ? undefined : Math.floor(moment / 1000);
}

/** The counts as they came; `undefined` where there are none. */
export function countsOf(fields: JsonFields): RawUsage | undefined {
  const counts = COUNTS.flatMap((name) => {
    const value = numberOf(fields, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return counts.length === 0 ? undefined : { format: FORMAT, value: Object.fromEntries(counts) };
}
