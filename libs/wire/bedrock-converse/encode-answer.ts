import type { CanonicalAnswer, Choice, LossReport, RawUsage, Usage } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import type { EncodeAnswerContext } from '../wire-format.js';
import { encodeBlocks } from './encode-blocks.js';
import type { Encoding, Out } from './encoding.js';
import { finishWord } from './finish.js';
import { FORMAT } from './shapes.js';

/** How an answer is written: for a reader, by nobody's rules but the format's. */
export function answerEncoding(own: boolean, report: LossReport): Encoding {
  return { own, toCaller: true, report, traits: {}, family: 'unknown', names: new Set() };
}

/** Writes an answer of `converse`. It has neither id, model nor date. */
export function encodeAnswer(answer: CanonicalAnswer, context: EncodeAnswerContext): Out {
  const { report } = context;
  const own = answer.source === FORMAT;
  const choice = onlyChoice(answer, report);
  const { parts, finish, extensions } = choice;
  const message: Out = { role: 'assistant', content: encodeBlocks(parts, answerEncoding(own, report), 'choices[0]') };
  const out: Out = { output: { message } };
  if (!own || finish !== null) out['stopReason'] = finishWord(finish, report);
  if (answer.usage !== null) out['usage'] = usageFields(answer.usage, answer.rawUsage);
  if (own && answer.serviceTier !== undefined) out['serviceTier'] = { type: answer.serviceTier };
  if (finish?.stopSequence !== undefined) out['additionalModelResponseFields'] = { stop_sequence: finish.stopSequence };
  writeExtensions(out, answer.extensions, FORMAT);
  writeExtensions({ message }, extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  reportExtensions(report, extensions, FORMAT, 'choices[0]');
  return out;
}

function onlyChoice({ choices }: CanonicalAnswer, report: LossReport): Choice {
  const choice: Choice = choices[0] ?? { index: 0, parts: [], finish: null };
  for (const { index } of choices.slice(1)) report.add(`choices[${String(index)}]`, 'the target has one choice');
  if (choice.logprobs !== undefined) report.add('choices[0].logprobs', 'not known to the target');
  return choice;
}

/** The usage block as it came from this format, else one of AWS's. Cached tokens are no input tokens here. */
export function usageFields(usage: Usage, raw: RawUsage | undefined): Out {
  if (raw?.format === FORMAT) return { ...raw.value };
  const { cacheWrite5mTokens, cacheWrite1hTokens, cachedTokens } = usage;
  const written = cacheWrite5mTokens + cacheWrite1hTokens;
  const details = [
    { ttl: '5m', inputTokens: cacheWrite5mTokens },
    { ttl: '1h', inputTokens: cacheWrite1hTokens },
  ].filter(({ inputTokens }) => inputTokens > 0);
  return given({
    inputTokens: usage.promptTokens - cachedTokens - written,
    outputTokens: usage.completionTokens,
    totalTokens: usage.totalTokens,
    cacheReadInputTokens: cachedTokens,
    cacheWriteInputTokens: written,
    cacheDetails: details.length === 0 ? undefined : details,
  });
}
