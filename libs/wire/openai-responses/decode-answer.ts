import {
  type CanonicalAnswer,
  type Echo,
  type Extensions,
  type JsonFields,
  type Part,
  type TokenLogprob,
  type Usage,
  wireError,
} from '../../protocol/index.js';
import { parseObject } from '../answer-bytes.js';
import { isFields, listOf, numberOf, objectOf, restOf, shape, textOf } from '../fields.js';
import { readUsage } from '../openai-chat/usage.js';
import { count, fieldsOf } from '../usage/counts.js';
import type { Decoded } from '../wire-format.js';
import { decodeItem, opaquePart } from './decode-items.js';
import { errorIn } from './errors.js';
import { finishIn } from './finish.js';
import { ANSWER, ECHO, FORMAT } from './shapes.js';

/** Reads a whole `response`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<CanonicalAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  if (hasFailed(fields)) return { ok: false, error: errorIn(fields) };
  const output = listOf(fields, 'output');
  if (output === undefined) return { ok: false, error: wireError('malformed', 'The response has no output.') };
  const tokens: TokenLogprob[] = [];
  const parts = output.flatMap((item) => partsOf(item, tokens));
  const usage = objectOf(fields, 'usage');
  return {
    ok: true,
    value: {
      source: FORMAT,
      ...headOf(fields),
      choices: [
        {
          index: 0,
          parts,
          finish: finishIn(fields, hasCalls(parts)),
          logprobs: tokens.length === 0 ? undefined : { content: tokens },
        },
      ],
      usage: usageIn(fields),
      rawUsage: usage === undefined ? undefined : { format: FORMAT, value: usage },
    },
  };
}

/** Searches are charged one by one and told beside the block. */
export function usageIn(response: JsonFields): Usage | null {
  const usage = readUsage(response['usage']);
  const searches = count(fieldsOf(fieldsOf(response['tool_usage'])['web_search'])['num_requests']);
  return usage === null || searches === null ? usage : { ...usage, webSearches: searches };
}

function hasFailed(fields: JsonFields): boolean {
  return (fields['error'] ?? null) !== null || fields['status'] === 'failed' || fields['object'] === 'error';
}

function hasCalls(parts: readonly Part[]): boolean {
  return parts.some(({ type }) => type === 'tool-call');
}

/** The parts of an item of the output; what is no turn of the model's stays as it is. */
export function partsOf(item: unknown, tokens?: TokenLogprob[]): readonly Part[] {
  if (!isFields(item)) return [opaquePart(item)];
  const { role, parts } = decodeItem(item, tokens);
  return role === 'assistant' && parts.length > 0 ? parts : [opaquePart(item)];
}

/** What a response says of itself. */
export interface ResponseHead {
  readonly id: string | undefined;
  readonly model: string | undefined;
  readonly created: number | undefined;
  readonly serviceTier: string | undefined;
  readonly echo: Echo | undefined;
  readonly extensions: Extensions | undefined;
}

const KNOWN = shape({ ...ANSWER, ...ECHO });

export function headOf(response: JsonFields): ResponseHead {
  const echo: Record<string, unknown> = {};
  for (const name in response) if (ECHO[name] !== undefined) echo[name] = response[name];
  return {
    id: textOf(response, 'id'),
    model: textOf(response, 'model'),
    created: numberOf(response, 'created_at'),
    serviceTier: textOf(response, 'service_tier'),
    echo: Object.keys(echo).length === 0 ? undefined : { format: FORMAT, value: echo },
    extensions: restOf(response, KNOWN, FORMAT),
  };
}
