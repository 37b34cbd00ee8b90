import {
  type CanonicalAnswer,
  type Choice,
  type Finish,
  type JsonFields,
  type Part,
  wireError,
} from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { isFields, listOf, numberOf, objectOf, restOf, textOf, withInner } from '../fields.js';
import { readGeminiUsage } from '../usage/gemini.js';
import type { Decoded } from '../wire-format.js';
import { CallIds } from './call-ids.js';
import { decodePart } from './decode-parts.js';
import { blockedPrompt, finishOf, hasToolCalls } from './finish.js';
import { citationsOf, withCitations } from './grounding.js';
import { decodeLogprobs } from './logprobs.js';
import { ANSWER, CANDIDATE, CONTENT, FORMAT } from './shapes.js';

/** Reads a whole `GenerateContentResponse`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<CanonicalAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  if ((fields['error'] ?? null) !== null) return { ok: false, error: errorInside(FORMAT, fields) };
  const choices = choicesOf(fields);
  if (choices.length === 0) return { ok: false, error: wireError('malformed', 'The answer has no candidates.') };
  const usage = objectOf(fields, 'usageMetadata');
  const createTime = textOf(fields, 'createTime');
  return {
    ok: true,
    value: {
      source: FORMAT,
      id: textOf(fields, 'responseId'),
      model: textOf(fields, 'modelVersion'),
      created: secondsOf(createTime),
      choices,
      usage: usage === undefined ? null : readGeminiUsage(usage),
      rawUsage: usage === undefined ? undefined : { format: FORMAT, value: usage },
      serviceTier: usage === undefined ? undefined : textOf(usage, 'serviceTier'),
      extensions: restOf(fields, ANSWER, FORMAT),
      form: createTime,
    },
  };
}

/** Seconds since 1970 of a time as RFC 3339 writes it. */
export function secondsOf(time: string | undefined): number | undefined {
  const parsed = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isFinite(parsed) ? Math.floor(parsed / 1000) : undefined;
}

function choicesOf(fields: JsonFields): Choice[] {
  const blocked = blockReason(fields);
  const candidates = listOf(fields, 'candidates')?.filter(isFields) ?? [];
  if (candidates.length > 0 || blocked === undefined)
    return candidates.map((one, at) => decodeCandidate(one, at, textOf(fields, 'responseId') ?? ''));
  const form = fields['candidates'] === undefined ? 'blocked' : 'blocked empty';
  return [{ index: 0, parts: [], finish: blockedPrompt(blocked), form }];
}

/** Why the prompt was refused. */
export function blockReason(fields: JsonFields): string | undefined {
  return textOf(objectOf(fields, 'promptFeedback') ?? {}, 'blockReason');
}

function decodeCandidate(fields: JsonFields, at: number, answerId: string): Choice {
  const index = numberOf(fields, 'index');
  const content = objectOf(fields, 'content');
  const parts = partsOf(content, new CallIds(callPrefix(answerId, index ?? at)));
  const logprobs = objectOf(fields, 'logprobsResult');
  const inner = content === undefined ? undefined : restOf(content, CONTENT, FORMAT);
  return {
    index: index ?? at,
    parts: withCitations(parts, citationsOf(fields)),
    finish: decodeFinish(fields['finishReason'], parts),
    logprobs: logprobs === undefined ? undefined : decodeLogprobs(logprobs),
    extensions: withInner(restOf(fields, CANDIDATE, FORMAT), FORMAT, 'content', inner),
    form: formOf(index, content),
  };
}

function partsOf(content: JsonFields | undefined, ids: CallIds): Part[] {
  return listOf(content ?? {}, 'parts')?.map((part) => decodePart(part, ids)) ?? [];
}

function decodeFinish(raw: unknown, parts: readonly Part[]): Finish | null {
  return typeof raw === 'string' || typeof raw === 'number' ? finishOf(raw, hasToolCalls(parts)) : null;
}

/** What a candidate lacked that Google mostly writes. */
function formOf(index: number | undefined, content: JsonFields | undefined): string | undefined {
  const forms = [...(index === undefined ? ['no-index'] : []), ...contentForms(content)];
  return forms.length === 0 ? undefined : forms.join(' ');
}

function contentForms(content: JsonFields | undefined): readonly string[] {
  if (content === undefined) return ['no-content'];
  const parts = Array.isArray(content['parts']) ? [] : ['no-parts'];
  return content['role'] === undefined ? [...parts, 'no-role'] : parts;
}

/** How calls without an id are called: unlike those of any other answer. */
export function callPrefix(answerId: string, choice: number): string {
  return `call_${answerId.replace(/[^A-Za-z0-9_-]/g, '')}_${choice === 0 ? '' : `${String(choice)}_`}`;
}
