import type { Usage } from '../../protocol/index.js';
import { consistentUsage, countOrZero, fieldsOf, firstCount, isObject } from './counts.js';

/**
 * Reads the `usage` of Bedrock's Converse (and of the `metadata` event of ConverseStream). `inputTokens` leaves out what was read
 * from and written to the cache; ours includes both.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
 */
export function readConverseUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const input = firstCount(value, 'inputTokens');
  const output = firstCount(value, 'outputTokens');
  if (input === null && output === null) return null;
  const cachedTokens = firstCount(value, 'cacheReadInputTokens', 'cacheReadInputTokenCount') ?? 0;
  const written = firstCount(value, 'cacheWriteInputTokens', 'cacheWriteInputTokenCount') ?? 0;
  const hour = Math.min(written, writtenForAnHour(value['cacheDetails']));
  return consistentUsage({
    promptTokens: (input ?? 0) + cachedTokens + written,
    completionTokens: output ?? 0,
    cachedTokens,
    cacheWrite5mTokens: written - hour,
    cacheWrite1hTokens: hour,
  });
}

function writtenForAnHour(details: unknown): number {
  if (!Array.isArray(details)) return 0;
  let sum = 0;
  for (const detail of details) {
    const { ttl, inputTokens } = fieldsOf(detail);
    if (ttl === '1h') sum += countOrZero(inputTokens);
  }
  return sum;
}
