/* eslint @typescript-eslint/restrict-plus-operands: off, @typescript-eslint/no-unsafe-return: off -- the JSON of vendors is taken as it comes */
import type { Exact, RawPrices } from './published-prices.js';
import type { Json } from './recorded-usage.js';

/** What a vendor charges for, each token once, as its documentation says. */
export interface Bill {
  /** All input: what decides the tier. */
  readonly inputTokens: number;
  readonly cached?: number;
  readonly write5m?: number;
  readonly write1h?: number;
  readonly audio?: number;
  readonly cachedAudio?: number;
  readonly image?: number;
  readonly outputTokens: number;
  readonly reasoning?: number;
  readonly audioOut?: number;
  readonly imageOut?: number;
  readonly searches?: number;
  /** Seconds of audio charged by their length. */
  readonly seconds?: number;
}

/** USD for a bill: every kind at its published price, or at that of the kind it belongs to. */
export function usdFor(bill: Bill, prices: RawPrices): Exact {
  const { cached = 0, write5m = 0, write1h = 0, audio = 0, cachedAudio = 0, image = 0 } = bill;
  const { reasoning = 0, audioOut = 0, imageOut = 0, searches = 0, seconds = 0 } = bill;
  const plain = bill.inputTokens - cached - write5m - write1h - (audio - cachedAudio) - image;
  return [
    prices.charge(plain, ['input_mtok']),
    prices.charge(cached - cachedAudio, ['cache_read_mtok', 'input_mtok']),
    prices.charge(cachedAudio, ['cache_audio_read_mtok', 'input_audio_mtok', 'cache_read_mtok', 'input_mtok']),
    prices.charge(write5m, ['cache_write_5m_mtok', 'cache_write_mtok', 'input_mtok']),
    prices.charge(write1h, ['cache_write_1h_mtok', 'cache_write_mtok', 'input_mtok']),
    prices.charge(audio - cachedAudio, ['input_audio_mtok', 'input_mtok']),
    prices.charge(image, ['input_image_mtok', 'input_mtok']),
    prices.charge(bill.outputTokens - reasoning - audioOut - imageOut, ['output_mtok']),
    prices.charge(reasoning, ['output_reasoning_mtok', 'output_mtok']),
    prices.charge(audioOut, ['output_audio_mtok', 'output_mtok']),
    prices.charge(imageOut, ['output_image_mtok', 'output_mtok']),
    prices.charge(1, ['requests_kcount'], 1000),
    prices.charge(searches, ['web_searches_kcount'], 1000),
    prices.charge(seconds, ['input_audio_hours'], 3600),
  ].reduce((sum, usd) => sum + usd, 0n);
}

/** OpenAI: cached, written, audio and image tokens are part of the prompt; reasoning and audio part of the completion. */
function openAi(usage: Json): Bill {
  const input = usage.prompt_tokens_details ?? usage.input_tokens_details ?? usage.input_token_details;
  const output = usage.completion_tokens_details ?? usage.output_tokens_details;
  return {
    inputTokens: usage.prompt_tokens ?? usage.input_tokens ?? usage.total_tokens,
    cached: input?.cached_tokens ?? 0,
    write5m: input?.cache_write_tokens ?? 0,
    audio: input?.audio_tokens ?? 0,
    image: input?.image_tokens ?? 0,
    outputTokens: usage.completion_tokens ?? usage.output_tokens ?? 0,
    reasoning: output?.reasoning_tokens ?? 0,
    audioOut: output?.audio_tokens ?? 0,
    imageOut: output?.image_tokens ?? 0,
  };
}

/** xAI leaves reasoning out of the completion of Chat Completions (not of Responses), and may report more cached than prompt. */
function xai(usage: Json): Bill {
  const bill = openAi(usage);
  const cached = Math.min(bill.cached ?? 0, bill.inputTokens);
  const searches = usage.server_side_tool_usage_details?.web_search_calls ?? 0;
  if (usage.prompt_tokens === undefined) return { ...bill, cached, searches };
  return { ...bill, cached, outputTokens: usage.total_tokens - usage.prompt_tokens };
}

/** Mistral counts the audio of a prompt apart from `prompt_tokens`, and its length. */
function mistral(usage: Json): Bill {
  const bill = openAi(usage);
  const seconds = usage.prompt_audio_seconds ?? 0;
  return { ...bill, inputTokens: bill.inputTokens + (bill.audio ?? 0), seconds };
}

/** Gemini behind OpenAI's dialect: thoughts are in the total alone. */
function geminiAsOpenAi(usage: Json): Bill {
  return { ...openAi(usage), outputTokens: usage.total_tokens - usage.prompt_tokens };
}

/** Anthropic: `input_tokens` is what was neither read from nor written to the cache. The last count of a stream is the whole. */
function anthropic(...pieces: Json[]): Bill {
  const usage = Object.assign({}, ...pieces);
  const cached = usage.cache_read_input_tokens ?? 0;
  const written = usage.cache_creation_input_tokens ?? 0;
  const write1h = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  return {
    inputTokens: usage.input_tokens + cached + written,
    cached,
    write5m: written - write1h,
    write1h,
    outputTokens: usage.output_tokens,
    searches: usage.server_tool_use?.web_search_requests ?? 0,
  };
}

/** Gemini: what tools returned is input too, thoughts are output besides the candidates, cached content is part of the prompt. */
function gemini(usage: Json): Bill {
  const of = (details: Json[] | undefined, modality: string): number =>
    (details ?? []).filter((one) => one.modality === modality).reduce((sum, one) => sum + one.tokenCount, 0);
  const prompt = usage.promptTokensDetails ?? usage.promptTokenDetails;
  return {
    inputTokens: (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0),
    cached: usage.cachedContentTokenCount ?? 0,
    audio: of(prompt, 'AUDIO'),
    cachedAudio: of(usage.cacheTokensDetails, 'AUDIO'),
    image: of(prompt, 'IMAGE') - of(usage.cacheTokensDetails, 'IMAGE'),
    outputTokens: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
    reasoning: usage.thoughtsTokenCount ?? 0,
    imageOut: of(usage.candidatesTokensDetails, 'IMAGE'),
    audioOut: of(usage.candidatesTokensDetails, 'AUDIO'),
  };
}

/** Bedrock Converse: `inputTokens` is what was neither read from nor written to the cache. */
function converse(usage: Json): Bill {
  const cached = usage.cacheReadInputTokens ?? 0;
  const written = usage.cacheWriteInputTokens ?? 0;
  return {
    inputTokens: usage.inputTokens + cached + written,
    cached,
    write5m: written,
    outputTokens: usage.outputTokens,
  };
}

/** Cohere charges the billed units, not the tokens. */
function cohere({ billed_units: billed }: Json): Bill {
  return { inputTokens: billed.input_tokens, outputTokens: billed.output_tokens };
}

const lastOf =
  (bill: (usage: Json) => Bill) =>
  (...usages: Json[]): Bill =>
    bill(usages.at(-1));

/** How the vendor behind a recording bills. */
export function billFor(wire: string, provider: string): (...usages: Json[]) => Bill {
  if (wire === 'anthropic.messages' || wire === 'bedrock.invoke') return anthropic;
  if (wire === 'bedrock.converse') return lastOf(converse);
  if (wire.startsWith('gemini.')) return lastOf(gemini);
  if (wire === 'cohere.chat' || wire === 'cohere.embed') return lastOf(cohere);
  if (provider === 'gemini') return lastOf(geminiAsOpenAi);
  if (provider === 'mistral') return lastOf(mistral);
  return lastOf(provider === 'xai' || provider === 'azure' ? xai : openAi);
}
