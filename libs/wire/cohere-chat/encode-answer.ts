import type { CanonicalAnswer, Choice, LossReport, RawUsage, Usage } from '../../protocol/index.js';
import { reportExtensions, writeExtensions } from '../fields.js';
import type { EncodeAnswerContext } from '../wire-format.js';
import type { Out } from './encode-content.js';
import { encodeSpoken } from './encode-spoken.js';
import { finishWord } from './finish.js';
import { encodeLogprobs } from './logprobs.js';
import { FORMAT } from './shapes.js';

/** Writes an answer of `POST /v2/chat`. It has neither model nor date. */
export function encodeAnswer(answer: CanonicalAnswer, context: EncodeAnswerContext): Out {
  const { report } = context;
  const own = answer.source === FORMAT;
  const choice = onlyChoice(answer, report);
  const { finish, logprobs, extensions } = choice;
  const message = encodeSpoken(choice, { own, toCaller: true, report }, 'choices[0]') ?? { role: 'assistant' };
  const out: Out = { id: answer.id ?? context.id, message };
  if (!own || finish !== null) out['finish_reason'] = finishWord(finish, report);
  if (answer.usage !== null) out['usage'] = usageFields(answer.usage, answer.rawUsage);
  if (logprobs !== undefined) {
    out['logprobs'] = encodeLogprobs(logprobs);
    reportExtensions(report, logprobs.extensions, FORMAT, 'choices[0].logprobs');
  }
  writeExtensions(out, answer.extensions, FORMAT);
  writeExtensions({ message }, extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  reportExtensions(report, extensions, FORMAT, 'choices[0]');
  return out;
}

function onlyChoice({ choices }: CanonicalAnswer, report: LossReport): Choice {
  for (const { index } of choices.slice(1)) report.add(`choices[${String(index)}]`, 'the target has one choice');
  return choices[0] ?? { index: 0, parts: [], finish: null };
}

/** The usage block as it came from this format, else one of Cohere's. */
export function usageFields(usage: Usage, raw: RawUsage | undefined): Out {
  if (raw?.format === FORMAT) return { ...raw.value };
  const counts = { input_tokens: usage.promptTokens, output_tokens: usage.completionTokens };
  return {
    billed_units: counts,
    tokens: usage.reasoningTokens > 0 ? { ...counts, reasoning_tokens: usage.reasoningTokens } : counts,
    cached_tokens: usage.cachedTokens,
  };
}
