import {
  type CanonicalAnswer,
  type Choice,
  type Extensions,
  type JsonFields,
  type Logprobs,
  type TokenLogprob,
  wireError,
} from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { isFields, listOf, numberOf, objectOf, restOf, textOf, withExtension, withInner } from '../fields.js';
import type { Decoded } from '../wire-format.js';
import { decodeSpoken } from './decode-messages.js';
import { finishOf, hasToolCalls } from './finish.js';
import { ANSWER, CHOICE, FORMAT, LOGPROBS } from './shapes.js';
import { readUsage } from './usage.js';

/** Reads a whole `chat.completion`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<CanonicalAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  if (isError(fields)) return { ok: false, error: errorInside(FORMAT, fields) };
  const choices = listOf(fields, 'choices');
  if (choices === undefined) return { ok: false, error: wireError('malformed', 'The answer has no choices.') };
  const usage = objectOf(fields, 'usage');
  return {
    ok: true,
    value: {
      source: FORMAT,
      id: textOf(fields, 'id'),
      model: textOf(fields, 'model'),
      created: numberOf(fields, 'created'),
      choices: choices.filter(isFields).map(decodeChoice),
      usage: usage === undefined ? null : readUsage(usage),
      rawUsage: usage === undefined ? undefined : { format: FORMAT, value: usage },
      serviceTier: textOf(fields, 'service_tier'),
      extensions: unlessSaid(restOf(fields, ANSWER, FORMAT), 'chat.completion'),
    },
  };
}

/** Whether a 200 says that the call failed: a member `error`, or the flat form of Mistral. */
export function isError(fields: JsonFields): boolean {
  return (fields['error'] ?? null) !== null || fields['object'] === 'error';
}

/** Without the `object` that says what the encoder writes anyway. */
function unlessSaid(extensions: Extensions | undefined, object: string): Extensions | undefined {
  const own = extensions?.[FORMAT];
  if (own?.['object'] !== object) return extensions;
  const rest = Object.entries(own).filter(([name]) => name !== 'object');
  return rest.length === 0 ? undefined : { [FORMAT]: Object.fromEntries(rest) };
}

function decodeChoice(fields: JsonFields, at: number): Choice {
  const message = objectOf(fields, 'message');
  const spoken = decodeSpoken(message ?? {});
  const raw = textOf(fields, 'finish_reason');
  const logprobs = objectOf(fields, 'logprobs');
  const extensions = withInner(restOf(fields, CHOICE, FORMAT), FORMAT, 'message', spoken.extensions);
  return {
    index: numberOf(fields, 'index') ?? at,
    parts: spoken.parts,
    finish: raw === undefined || raw === '' ? null : finishOf(raw, hasToolCalls(spoken)),
    logprobs: logprobs === undefined ? undefined : decodeLogprobs(logprobs),
    extensions: raw === '' ? withExtension(extensions, FORMAT, 'finish_reason', raw) : extensions,
    form: message === undefined ? 'absent' : spoken.form,
  };
}

export function decodeLogprobs(fields: JsonFields): Logprobs {
  return {
    content: listOf(fields, 'content')?.filter(isFields).map(decodeToken),
    refusal: listOf(fields, 'refusal')?.filter(isFields).map(decodeToken),
    extensions: restOf(fields, LOGPROBS, FORMAT),
  };
}

function decodeToken(fields: JsonFields): TokenLogprob {
  const bytes = listOf(fields, 'bytes');
  return {
    token: textOf(fields, 'token') ?? '',
    logprob: numberOf(fields, 'logprob') ?? 0,
    bytes: bytes === undefined ? (fields['bytes'] === null ? null : undefined) : (bytes as readonly number[]),
    top: listOf(fields, 'top_logprobs')?.filter(isFields).map(decodeToken),
  };
}
