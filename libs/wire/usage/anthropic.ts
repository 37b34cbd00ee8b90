import type { Usage } from '../../protocol/index.js';
import { consistentUsage, countOrZero, fieldsOf, firstCount, isObject, type Fields } from './counts.js';

/**
 * Reads the `usage` of the Anthropic Messages dialect. A stream tells it in pieces (`message_start`, then `message_delta`s with
 * running totals): give all of them in order, a later count replaces an earlier one.
 *
 * `input_tokens` leaves out what was read from and written to the cache; ours includes both. Writes whose duration is not told
 * count as five minutes.
 * @see https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance
 */
export function readAnthropicUsage(...pieces: readonly unknown[]): Usage | null {
  const usage = merged(pieces);
  const input = firstCount(usage, 'input_tokens');
  const output = firstCount(usage, 'output_tokens');
  if (input === null && output === null) return null;
  const cachedTokens = countOrZero(usage['cache_read_input_tokens']);
  const { fiveMinutes, hour } = cacheWrites(usage);
  return consistentUsage({
    promptTokens: (input ?? 0) + cachedTokens + fiveMinutes + hour,
    completionTokens: output ?? 0,
    cachedTokens,
    cacheWrite5mTokens: fiveMinutes,
    cacheWrite1hTokens: hour,
    reasoningTokens: countOrZero(fieldsOf(usage['output_tokens_details'])['thinking_tokens']),
    webSearches: countOrZero(fieldsOf(usage['server_tool_use'])['web_search_requests']),
  });
}

function merged(pieces: readonly unknown[]): Fields {
  const usage: Record<string, unknown> = {};
  for (const piece of pieces) {
    for (const [name, value] of Object.entries(fieldsOf(piece))) {
      if (typeof value === 'number' || isObject(value)) usage[name] = value;
    }
  }
  return usage;
}

function cacheWrites(usage: Fields): { fiveMinutes: number; hour: number } {
  const byDuration = fieldsOf(usage['cache_creation']);
  const hour = countOrZero(byDuration['ephemeral_1h_input_tokens']);
  const told = hour + countOrZero(byDuration['ephemeral_5m_input_tokens']);
  // The running total of a stream grows past the split its first event gave.
  const written = Math.max(told, countOrZero(usage['cache_creation_input_tokens']));
  return { fiveMinutes: written - hour, hour };
}
