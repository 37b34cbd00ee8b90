import type { CanonicalAnswer, Choice, Extensions, JsonFields } from '../../protocol/index.js';
import { wireError } from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { listOf, objectOf, restOf, shape, LIST, STRING, textOf, withExtension, withInner } from '../fields.js';
import { readConverseUsage } from '../usage/bedrock-converse.js';
import type { Decoded } from '../wire-format.js';
import { decodeBlocks } from './decode-blocks.js';
import { finishOf } from './finish.js';
import { ANSWER, FORMAT, OUTPUT, STOPPED_AT, TIER } from './shapes.js';

/** Reads a whole answer of `converse`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<CanonicalAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  const output = objectOf(fields, 'output');
  const message = output === undefined ? undefined : objectOf(output, 'message');
  if (output === undefined || message === undefined) return { ok: false, error: errorIn(fields) };
  const usage = objectOf(fields, 'usage');
  const tier = objectOf(fields, 'serviceTier');
  return {
    ok: true,
    value: {
      source: FORMAT,
      choices: [choiceOf(fields, message)],
      usage: usage === undefined ? null : readConverseUsage(usage),
      rawUsage: usage === undefined ? undefined : { format: FORMAT, value: usage },
      serviceTier: tier === undefined ? undefined : textOf(tier, 'type'),
      extensions: extensionsOf(fields, output),
    },
  };
}

function errorIn(fields: JsonFields): ReturnType<typeof errorInside> {
  const says = fields['message'] ?? fields['Message'] ?? fields['__type'] ?? fields['Output'];
  return says === undefined ? wireError('malformed', 'The answer has no message.') : errorInside(FORMAT, fields);
}

const SPOKEN = shape({ role: STRING, content: LIST });

function choiceOf(fields: JsonFields, message: JsonFields): Choice {
  const raw = textOf(fields, 'stopReason');
  return {
    index: 0,
    parts: decodeBlocks(listOf(message, 'content') ?? []),
    finish: raw === undefined ? null : finishOf(raw, stopSequenceIn(fields)),
    extensions: withInner(undefined, FORMAT, 'message', restOf(message, SPOKEN, FORMAT)),
  };
}

/** Told where the request asked for `/stop_sequence`. */
export function stopSequenceIn(fields: JsonFields): string | undefined {
  return textOf(objectOf(fields, 'additionalModelResponseFields') ?? {}, 'stop_sequence');
}

function extensionsOf(fields: JsonFields, output: JsonFields): Extensions | undefined {
  const tier = objectOf(fields, 'serviceTier') ?? {};
  let all = withInner(restOf(fields, ANSWER, FORMAT), FORMAT, 'serviceTier', restOf(tier, TIER, FORMAT));
  all = withAdditional(all, fields);
  return withInner(all, FORMAT, 'output', restOf(output, OUTPUT, FORMAT));
}

/** The model's own fields, without the stop sequence, which the choice tells. */
export function withAdditional(extensions: Extensions | undefined, fields: JsonFields): Extensions | undefined {
  const additional = objectOf(fields, 'additionalModelResponseFields');
  if (additional === undefined) return extensions;
  const rest = restOf(additional, STOPPED_AT, FORMAT)?.[FORMAT];
  if (stopSequenceIn(fields) === undefined)
    return withExtension(extensions, FORMAT, 'additionalModelResponseFields', additional);
  return withExtension(extensions, FORMAT, 'additionalModelResponseFields.', rest);
}
