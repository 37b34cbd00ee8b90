/**
 * What one call used, as the upstream reported it. All counts are whole, not negative and not summed over chunks.
 * Parts are counted in their wholes too: cached, written, audio and image tokens in `promptTokens`; reasoning, audio and image
 * tokens in `completionTokens`.
 */
export interface Usage {
  /** All input tokens: those read from and written to the provider's prompt cache included. */
  promptTokens: number;
  /** All output tokens, reasoning ones included. */
  completionTokens: number;
  /** `promptTokens` + `completionTokens`. */
  totalTokens: number;
  /** Part of `promptTokens` read from the provider's prompt cache. */
  cachedTokens: number;
  /** Part of `promptTokens` written to the prompt cache for five minutes, or for a time the provider did not say. */
  cacheWrite5mTokens: number;
  /** Part of `promptTokens` written to the prompt cache for an hour. */
  cacheWrite1hTokens: number;
  /** Part of `promptTokens` that was audio, cached audio included. */
  audioInputTokens: number;
  /** Part of both `cachedTokens` and `audioInputTokens`. */
  cachedAudioTokens: number;
  /** Part of `promptTokens` that was images, cached images included. */
  imageInputTokens: number;
  /** Part of both `cachedTokens` and `imageInputTokens`. */
  cachedImageTokens: number;
  /** Part of `completionTokens` spent on reasoning. */
  reasoningTokens: number;
  /** Part of `completionTokens` that was audio. */
  audioOutputTokens: number;
  /** Part of `completionTokens` that was images. */
  imageOutputTokens: number;
  /** Seconds of audio the provider heard and may charge by their length; a fraction counts as a whole one. */
  audioSeconds: number;
  /** Searches of the web the provider made for this call and charges one by one. */
  webSearches: number;
  /** Searches a reranker charges one by one: a question with up to a hundred documents is one. */
  searchUnits: number;
}

/** Nothing was used, or nothing is known. */
export const NO_USAGE: Readonly<Usage> = Object.freeze({
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  cachedTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  audioInputTokens: 0,
  cachedAudioTokens: 0,
  imageInputTokens: 0,
  cachedImageTokens: 0,
  reasoningTokens: 0,
  audioOutputTokens: 0,
  imageOutputTokens: 0,
  audioSeconds: 0,
  webSearches: 0,
  searchUnits: 0,
});

/**
 * A whole `Usage` from its parts: what is left out is 0, the total is the sum. Always the same shape, so that everything
 * that reads it stays monomorphic.
 */
export function usageOf(parts: Partial<Omit<Usage, 'totalTokens'>>): Usage {
  const usage = { ...NO_USAGE, ...parts };
  usage.totalTokens = usage.promptTokens + usage.completionTokens;
  return usage;
}
