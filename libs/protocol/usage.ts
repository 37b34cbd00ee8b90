/** Tokens one call used, as the upstream reported them. All counts are whole, not negative and not summed over chunks. */
export interface Usage {
  /** All input tokens, cached ones included. */
  promptTokens: number;
  /** All output tokens, reasoning ones included. */
  completionTokens: number;
  totalTokens: number;
  /** Part of `promptTokens` read from the provider's prompt cache. */
  cachedTokens: number;
  /** Part of `completionTokens` spent on reasoning. */
  reasoningTokens: number;
}
