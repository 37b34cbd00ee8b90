import { type CanonicalAnswer, type JsonFields, wireError } from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { listOf, objectOf, restOf, textOf, withInner } from '../fields.js';
import { readCohereUsage } from '../usage/cohere.js';
import type { Decoded } from '../wire-format.js';
import { decodeSpoken } from './decode-messages.js';
import { finishOf } from './finish.js';
import { decodeLogprobs } from './logprobs.js';
import { ANSWER, FORMAT } from './shapes.js';

/** Reads a whole answer of `POST /v2/chat`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<CanonicalAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  const message = objectOf(fields, 'message');
  if (message === undefined) return { ok: false, error: errorIn(fields) };
  const usage = objectOf(fields, 'usage');
  return {
    ok: true,
    value: {
      source: FORMAT,
      id: textOf(fields, 'id'),
      choices: [choiceOf(fields, message)],
      usage: usage === undefined ? null : readCohereUsage(usage),
      rawUsage: usage === undefined ? undefined : { format: FORMAT, value: usage },
      extensions: restOf(fields, ANSWER, FORMAT),
    },
  };
}

/** A failure says why in `message`, where an answer has its own. */
function errorIn(fields: JsonFields): ReturnType<typeof errorInside> {
  const says = fields['message'] ?? fields['error'];
  return says === undefined ? wireError('malformed', 'The answer has no message.') : errorInside(FORMAT, fields);
}

function choiceOf(fields: JsonFields, message: JsonFields): CanonicalAnswer['choices'][number] {
  const spoken = decodeSpoken(message);
  const raw = textOf(fields, 'finish_reason');
  const logprobs = listOf(fields, 'logprobs');
  return {
    index: 0,
    parts: spoken.parts,
    finish: raw === undefined ? null : finishOf(raw),
    logprobs: logprobs === undefined ? undefined : decodeLogprobs(logprobs),
    extensions: withInner(undefined, FORMAT, 'message', spoken.extensions),
    form: spoken.form,
  };
}
