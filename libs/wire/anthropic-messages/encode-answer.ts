import type { CanonicalAnswer, Choice, LossReport, RawUsage, Usage } from '../../protocol/index.js';
import { givenId, reportExtensions, writeExtensions } from '../fields.js';
import type { EncodeAnswerContext } from '../wire-format.js';
import { encodeBlocks } from './encode-blocks.js';
import { finishWord } from './finish.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes a `message`. */
export function encodeAnswer(answer: CanonicalAnswer, context: EncodeAnswerContext): Out {
  const { report } = context;
  const own = answer.source === FORMAT;
  const choice: Choice = answer.choices[0] ?? { index: 0, parts: [], finish: null };
  const out: Out = {
    id: givenId(answer.id, context.id),
    type: 'message',
    role: 'assistant',
    model: context.model ?? answer.model ?? '',
    content: encodeBlocks(choice.parts, { own, toCaller: true, report }, 'choices[0]'),
    stop_reason: own && choice.finish === null ? null : reasonOf(choice, report),
    stop_sequence: choice.finish?.stopSequence ?? null,
    usage: usageFields(answer.usage, answer.rawUsage),
  };
  writeExtensions(out, answer.extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  reportLosses(answer, choice, report);
  return out;
}

function reasonOf({ finish, parts }: Choice, report: LossReport): string {
  const hasRefusal = parts.some(({ type }) => type === 'refusal');
  return finishWord(finish, hasRefusal, report);
}

function reportLosses(answer: CanonicalAnswer, choice: Choice, report: LossReport): void {
  for (const { index } of answer.choices.slice(1)) report.add(`choices[${String(index)}]`, 'the target has one choice');
  if (choice.logprobs !== undefined) report.add('choices[0].logprobs', 'not known to the target');
  reportExtensions(report, choice.extensions, FORMAT, 'choices[0]');
}

/** The usage block as it came from this format, else one of Anthropic's. Cached tokens are no input tokens here. */
export function usageFields(usage: Usage | null, raw: RawUsage | undefined): Out {
  if (raw?.format === FORMAT) return { ...raw.value };
  if (usage === null) return { input_tokens: 0, output_tokens: 0 };
  const written = usage.cacheWrite5mTokens + usage.cacheWrite1hTokens;
  return {
    input_tokens: usage.promptTokens - usage.cachedTokens - written,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: usage.cachedTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite5mTokens,
      ephemeral_1h_input_tokens: usage.cacheWrite1hTokens,
    },
    output_tokens: usage.completionTokens,
    ...(usage.reasoningTokens > 0 ? { output_tokens_details: { thinking_tokens: usage.reasoningTokens } } : {}),
    ...(usage.webSearches > 0 ? { server_tool_use: { web_search_requests: usage.webSearches } } : {}),
  };
}
