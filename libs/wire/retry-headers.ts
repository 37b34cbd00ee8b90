import type { WireError } from '../protocol/index.js';

/** What the clients of OpenAI, Anthropic and Groq read before they try again. */
export function retryHeaders({ retryAfterMs, retryable }: WireError): Record<string, string> {
  return {
    ...(retryAfterMs === undefined
      ? {}
      : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)), 'retry-after-ms': String(retryAfterMs) }),
    ...(retryable ? {} : { 'x-should-retry': 'false' }),
  };
}
