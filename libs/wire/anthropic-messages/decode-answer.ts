import type { CanonicalAnswer, Finish, JsonFields } from '../../protocol/index.js';
import { wireError } from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { listOf, objectOf, restOf, textOf, withExtension } from '../fields.js';
import { readAnthropicUsage } from '../usage/anthropic.js';
import type { Decoded } from '../wire-format.js';
import { decodeContent } from './decode-blocks.js';
import { finishOf } from './finish.js';
import { ANSWER, FORMAT } from './shapes.js';

/** Reads a whole `message`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<CanonicalAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  if (fields['type'] === 'error' || (fields['error'] ?? null) !== null)
    return { ok: false, error: errorInside(FORMAT, fields) };
  const content = listOf(fields, 'content');
  if (content === undefined) return { ok: false, error: wireError('malformed', 'The answer has no content.') };
  const usage = objectOf(fields, 'usage');
  return {
    ok: true,
    value: {
      source: FORMAT,
      id: textOf(fields, 'id'),
      model: textOf(fields, 'model'),
      choices: [{ index: 0, parts: decodeContent(content), finish: finishIn(fields) }],
      usage: usage === undefined ? null : readAnthropicUsage(usage),
      rawUsage: usage === undefined ? undefined : { format: FORMAT, value: usage },
      extensions: restOfAnswer(fields),
    },
  };
}

function finishIn(fields: JsonFields): Finish | null {
  const raw = textOf(fields, 'stop_reason');
  return raw === undefined ? null : finishOf(raw, textOf(fields, 'stop_sequence'));
}

/** The unknown fields, without `type` and `role`, which the encoder writes anyway. */
export function restOfAnswer(fields: JsonFields): CanonicalAnswer['extensions'] {
  const rest = restOf(fields, ANSWER, FORMAT)?.[FORMAT] ?? {};
  const kept = Object.entries(rest).filter(
    ([name, value]) => !(name === 'type' || (name === 'role' && value === 'assistant')),
  );
  return kept.reduce<CanonicalAnswer['extensions']>(
    (extensions, [name, value]) => withExtension(extensions, FORMAT, name, value),
    undefined,
  );
}
