import type { CanonicalAnswer, Choice, LossReport, Usage } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import type { EncodeAnswerContext } from '../wire-format.js';
import type { Encoding } from './encode-media.js';
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
  const [first] = answer.choices;
  const blocked = own && first?.form?.startsWith('blocked') === true;
  const candidates = blocked ? [] : answer.choices.map((choice) => encodeCandidate(choice, encoding));
  const out: Out = {
    ...(first?.form === 'blocked' && own ? {} : { candidates }),
    ...(answer.usage === null && answer.rawUsage?.format !== FORMAT
      ? {}
      : { usageMetadata: usageFields(answer.usage, answer.rawUsage) }),
    ...headOf(answer, context, own),
  };
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
    responseId: id ?? (own ? undefined : context.id),
  });
}

function encodeCandidate(choice: Choice, encoding: Encoding): Out {
  const { own, report } = encoding;
  const forms = own ? (choice.form?.split(' ') ?? []) : [];
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
