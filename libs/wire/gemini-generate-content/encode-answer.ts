import type { CanonicalAnswer, Choice, LossReport, Usage } from '../../protocol/index.js';
import { given, givenId, reportExtensions, writeExtensions } from '../fields.js';
import type { EncodeAnswerContext } from '../wire-format.js';
import { type Encoding, ownForms } from './encode-media.js';
import { encodePart } from './encode-parts.js';
import { finishWord } from './finish.js';
import { Grounding, segmentOf } from './grounding.js';
import { encodeLogprobs } from './logprobs.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes a `GenerateContentResponse`. */
export function encodeAnswer(answer: CanonicalAnswer, context: EncodeAnswerContext): Out {
  const { report } = context;
  const own = answer.source === FORMAT;
  const encoding = answerEncoding(own, report);
  const out: Out = given({
    candidates: candidatesOf(answer, encoding),
    usageMetadata: usageOf(answer),
    ...headOf(answer, context, own),
  });
  if (own && answer.form !== undefined) out['createTime'] = answer.form;
  writeExtensions(out, answer.extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  return out;
}

export function answerEncoding(own: boolean, report: LossReport): Encoding {
  return { own, toCaller: true, report, names: new Map(), mediaInResults: true, callIds: true };
}

/** An answer of the format that had no model or id gets none. */
function headOf({ id, model }: CanonicalAnswer, context: EncodeAnswerContext, own: boolean): Out {
  return given({
    modelVersion: context.model ?? model ?? (own ? undefined : ''),
    responseId: own ? id : givenId(id, context.id),
  });
}

/** A refused prompt had no candidates, or an empty list of them. */
function candidatesOf({ choices }: CanonicalAnswer, encoding: Encoding): Out[] | undefined {
  const [blocked, empty] = ownForms(choices[0]?.form, encoding);
  if (blocked !== 'blocked') return choices.map((choice) => encodeCandidate(choice, encoding));
  return empty === undefined ? undefined : [];
}

function usageOf({ usage, rawUsage }: CanonicalAnswer): Out | undefined {
  return usage === null && rawUsage?.format !== FORMAT ? undefined : usageFields(usage, rawUsage);
}

function encodeCandidate(choice: Choice, encoding: Encoding): Out {
  const { own, report } = encoding;
  const forms = ownForms(choice.form, encoding);
  const path = `choices[${String(choice.index)}]`;
  const grounding = new Grounding();
  const parts: Out[] = [];
  choice.parts.forEach((part, index) => {
    const at = `${path}.parts[${String(index)}]`;
    const encoded = encodePart(part, encoding, at);
    if (encoded === null) return;
    parts.push(encoded);
    if (own || part.type !== 'text') return;
    part.citations?.forEach((citation, number) => {
      const segment = segmentOf(citation, part.text, parts.length - 1);
      grounding.add(citation, segment, report, `${at}.citations[${String(number)}]`);
    });
  });
  const out: Out = given({
    content: forms.includes('no-content') ? undefined : contentOf(parts, forms),
    finishReason: choice.finish === null ? undefined : finishWord(choice.finish, report, `${path}.finish`),
    index: forms.includes('no-index') ? undefined : choice.index,
    logprobsResult: choice.logprobs === undefined ? undefined : encodeLogprobs(choice.logprobs),
    groundingMetadata: grounding.fields(),
  });
  writeExtensions(out, choice.extensions, FORMAT);
  reportExtensions(report, choice.extensions, FORMAT, path);
  if (!own) out['finishReason'] ??= 'STOP';
  return out;
}

function contentOf(parts: readonly Out[], forms: readonly string[]): Out {
  return given({
    parts: forms.includes('no-parts') ? undefined : parts,
    role: forms.includes('no-role') ? undefined : 'model',
  });
}

/** The usage block as it came from this format, else one of Google's: thoughts are counted beside the candidates. */
export function usageFields(usage: Usage | null, raw: CanonicalAnswer['rawUsage']): Out {
  if (raw?.format === FORMAT || usage === null) return { ...raw?.value };
  return given({
    promptTokenCount: usage.promptTokens,
    candidatesTokenCount: usage.completionTokens - usage.reasoningTokens,
    totalTokenCount: usage.totalTokens,
    cachedContentTokenCount: usage.cachedTokens === 0 ? undefined : usage.cachedTokens,
    thoughtsTokenCount: usage.reasoningTokens === 0 ? undefined : usage.reasoningTokens,
  });
}
