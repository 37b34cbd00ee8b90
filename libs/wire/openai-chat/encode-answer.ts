import type {
  CanonicalAnswer,
  Choice,
  Citation,
  LossReport,
  Logprobs,
  Part,
  ReasoningPart,
  TokenLogprob,
  Usage,
} from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import type { EncodeAnswerContext } from '../wire-format.js';
import { encodeAssistant } from './encode-messages.js';
import { writeReasoning } from './encode-reasoning.js';
import { finishWord } from './finish.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes a `chat.completion`. */
export function encodeAnswer(answer: CanonicalAnswer, context: EncodeAnswerContext): Out {
  const { report } = context;
  const own = answer.source === FORMAT;
  const out: Out = {
    ...headOf(answer, context),
    object: answer.extensions?.[FORMAT]?.['object'] ?? 'chat.completion',
    choices: answer.choices.map((choice) => encodeChoice(choice, own, report)),
  };
  if (answer.usage !== null) out['usage'] = usageFields(answer.usage, answer.rawUsage);
  if (own && answer.serviceTier !== undefined) out['service_tier'] = answer.serviceTier;
  writeExtensions(out, answer.extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  return out;
}

function headOf({ id, created, model }: CanonicalAnswer, context: EncodeAnswerContext): Out {
  return { id: id ?? context.id, created: created ?? context.created, model: context.model ?? model ?? '' };
}

function encodeChoice(choice: Choice, own: boolean, report: LossReport): Out {
  const path = `choices[${String(choice.index)}]`;
  const message = own ? encodeOwn(choice, report, path) : encodeForeign(choice.parts, report, path);
  const { finish } = choice;
  const out: Out = { index: choice.index, ...(own && choice.form === 'absent' ? {} : { message }) };
  if (choice.logprobs !== undefined) out['logprobs'] = encodeLogprobs(choice.logprobs);
  else if (!own) out['logprobs'] = null;
  if (finish !== null) out['finish_reason'] = finishWord(finish, report, `${path}.finish`);
  writeExtensions(out, choice.extensions, FORMAT);
  reportExtensions(report, choice.extensions, FORMAT, path);
  if (!own) out['finish_reason'] ??= 'stop';
  return out;
}

function encodeOwn(choice: Choice, report: LossReport, path: string): Out {
  const { parts, form } = choice;
  const [out = { role: 'assistant' }] = encodeAssistant(
    { role: 'assistant', parts: parts.map(withoutCitations), form },
    { own: true, report, traits: {} },
    path,
  );
  const citations = parts.flatMap((part) => (part.type === 'text' ? (part.citations ?? []) : []));
  if (citations.length > 0) out['annotations'] = citations.map((citation) => encodeAnnotation(citation, 0));
  return out;
}

/** Images and sound that were generated have fields of their own. */
function asAnswered(part: Part): Part {
  if (part.type === 'image') return { ...part, form: 'images' };
  return part.type === 'audio' ? { ...part, form: 'audio' } : withoutCitations(part);
}

function withoutCitations(part: Part): Part {
  return part.type === 'text' && part.citations !== undefined ? { ...part, citations: undefined } : part;
}

/** What another provider said, as this format says it. */
function encodeForeign(parts: readonly Part[], report: LossReport, path: string): Out {
  const reasoning = parts.flatMap((part): ReasoningPart[] => {
    if (part.type === 'reasoning') return [part];
    // What signs a text has no other place.
    return part.type === 'text' && part.signature !== undefined
      ? [{ type: 'reasoning', text: '', signature: part.signature }]
      : [];
  });
  const rest = parts.filter((part) => part.type !== 'reasoning').map(asAnswered);
  const [out = { role: 'assistant', content: null }] = encodeAssistant(
    { role: 'assistant', parts: rest },
    { own: false, report, traits: {} },
    path,
  );
  out['refusal'] ??= null;
  writeReasoning(out, reasoning);
  const annotations = annotationsOf(parts, report, path);
  if (annotations.length > 0) out['annotations'] = annotations;
  return out;
}

/** The citations of the texts, their places counted over all of them. */
function annotationsOf(parts: readonly Part[], report: LossReport, path: string): Out[] {
  let before = 0;
  return parts.flatMap((part, index) => {
    if (part.type !== 'text') return [];
    const start = before;
    before += part.text.length;
    return (part.citations ?? []).flatMap((citation, at) => {
      if (citation.url !== undefined)
        return [encodeAnnotation({ start: 0, end: part.text.length, ...citation }, start)];
      report.add(`${path}.parts[${String(index)}].citations[${String(at)}]`, 'the target cites URLs only');
      return [];
    });
  });
}

/** @param shift how many characters of the answer stand before the cited part */
export function encodeAnnotation(citation: Citation, shift: number): Out {
  if (citation.raw?.format === FORMAT) return { ...citation.raw.value };
  const { url, title, start, end } = citation;
  return {
    type: 'url_citation',
    url_citation: given({
      url,
      title: title ?? '',
      start_index: (start ?? 0) + shift,
      end_index: (end ?? 0) + shift,
    }),
  };
}

export function encodeLogprobs(logprobs: Logprobs): Out {
  const out: Out = given({
    content: logprobs.content?.map(encodeToken),
    refusal: logprobs.refusal?.map(encodeToken),
  });
  writeExtensions(out, logprobs.extensions, FORMAT);
  return out;
}

function encodeToken({ token, logprob, bytes, top }: TokenLogprob): Out {
  return given({ token, logprob, bytes, top_logprobs: top?.map(encodeToken) });
}

/** The usage block as it came from this format, else one of OpenAI's. */
export function usageFields(usage: Usage, raw: CanonicalAnswer['rawUsage']): Out {
  if (raw?.format === FORMAT) return { ...raw.value };
  const written = usage.cacheWrite5mTokens + usage.cacheWrite1hTokens;
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.totalTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedTokens,
      audio_tokens: usage.audioInputTokens,
      ...(written > 0 ? { cache_write_tokens: written } : {}),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens, audio_tokens: usage.audioOutputTokens },
  };
}
