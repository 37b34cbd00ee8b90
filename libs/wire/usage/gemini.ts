import type { Usage } from '../../protocol/index.js';
import { consistentUsage, count, countOrZero, fieldsOf, firstCount, isObject } from './counts.js';

/**
 * Reads Gemini's `usageMetadata` (of `generateContent`, of the last event of a stream, of `embedContent`).
 *
 * What tools fed back to the model (`toolUsePromptTokenCount`) is input besides the prompt; thoughts are output besides the
 * candidates; cached content is part of the prompt. What only the total names was generated unseen.
 * @see https://ai.google.dev/api/generate-content#UsageMetadata
 */
export function readGeminiUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const total = count(value['totalTokenCount']);
  const prompt = count(value['promptTokenCount']);
  const candidates = firstCount(value, 'candidatesTokenCount', 'responseTokenCount');
  if (prompt === null && candidates === null && total === null) return null;
  const thoughts = countOrZero(value['thoughtsTokenCount']);
  const promptTokens = (prompt ?? 0) + countOrZero(value['toolUsePromptTokenCount']);
  const seen = (candidates ?? 0) + thoughts;
  const input = byModality(value['promptTokensDetails'] ?? value['promptTokenDetails']);
  const tools = byModality(value['toolUsePromptTokensDetails']);
  const cached = byModality(value['cacheTokensDetails']);
  const output = byModality(value['candidatesTokensDetails'] ?? value['responseTokensDetails']);
  return consistentUsage({
    promptTokens,
    completionTokens: Math.max(seen, (total ?? 0) - promptTokens),
    cachedTokens: countOrZero(value['cachedContentTokenCount']),
    audioInputTokens: input.audio + tools.audio,
    cachedAudioTokens: cached.audio,
    imageInputTokens: input.image + tools.image,
    cachedImageTokens: cached.image,
    reasoningTokens: thoughts,
    audioOutputTokens: output.audio,
    imageOutputTokens: output.image,
  });
}

/** Some clients keep the number of the enum instead of its name. */
const AUDIO: ReadonlySet<unknown> = new Set(['AUDIO', 4]);
const IMAGE: ReadonlySet<unknown> = new Set(['IMAGE', 2]);

/** Text, documents and video are the rest of the whole. */
function byModality(details: unknown): { audio: number; image: number } {
  const sums = { audio: 0, image: 0 };
  if (!Array.isArray(details)) return sums;
  for (const detail of details) {
    const { modality, tokenCount } = fieldsOf(detail);
    if (AUDIO.has(modality)) sums.audio += countOrZero(tokenCount);
    else if (IMAGE.has(modality)) sums.image += countOrZero(tokenCount);
  }
  return sums;
}
