export { GatewayError, openAiErrorBody, type ErrorDetails, type ErrorKind } from './errors.js';
export { errorBody } from './error-body.js';
export { decimalText, nanoDollars, scaledDecimal, usdText } from './money.js';
export {
  type PriceBracket,
  type PriceCard,
  priceCard,
  type PriceSource,
  type PriceSpec,
  RATE_KINDS,
  RATE_NAMES,
  type RateKind,
  type Rates,
  type RateSheet,
  ratesText,
  type TierSpec,
} from './pricing-card.js';
export { type CostItem, costOf, itemise, priceStatement, worstCaseCost } from './pricing.js';
export { NO_USAGE, type Usage, usageOf } from './usage.js';
export type {
  CanonicalAnswer,
  Choice,
  Echo,
  Finish,
  FinishReason,
  Logprobs,
  RawUsage,
  TokenLogprob,
} from './answer.js';
export type {
  AnyFormatId,
  EmbeddingFormatId,
  Extensible,
  Extensions,
  FormatId,
  JsonFields,
  RerankFormatId,
} from './format.js';
export {
  base64OfFloats,
  type Embedding,
  type EmbeddingAnswer,
  type EmbeddingEncoding,
  type EmbeddingInput,
  type EmbeddingPart,
  type EmbeddingPurpose,
  type EmbeddingRequest,
  floatsOfBase64,
} from './embeddings.js';
export type { RerankAnswer, RerankDocument, RerankRequest, RerankResult } from './rerank.js';
export { type LossReason, LossReport, type LossSummary } from './loss-report.js';
export type {
  AudioPart,
  BuiltinCallPart,
  BuiltinResultPart,
  BuiltinToolKind,
  CacheBreakpoint,
  Citation,
  FilePart,
  ImagePart,
  JsonPart,
  MediaSource,
  OpaquePart,
  Part,
  PartType,
  ReasoningPart,
  RefusalPart,
  Signature,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  VideoPart,
} from './parts.js';
export type { PromptCacheBreakpoint, PromptCachePolicy } from './prompt-cache.js';
export type {
  BuiltinTool,
  BuiltinToolSettings,
  CanonicalRequest,
  CustomTool,
  FunctionTool,
  GenerationSettings,
  Message,
  ReasoningSettings,
  ResponseFormat,
  Role,
  SafetySetting,
  Tool,
  ToolChoice,
} from './request.js';
export type {
  AnswerEnd,
  AnswerStart,
  AudioDelta,
  ChoiceFinish,
  CitationAdd,
  ExtensionsAdd,
  KeepAlive,
  LogprobsAdd,
  PartEnd,
  PartStart,
  SignatureSet,
  StreamError,
  StreamEvent,
  SummaryDelta,
  TextDelta,
  UsageUpdate,
} from './stream-events.js';
export { kindOfStatus, type WireError, wireError, type WireErrorKind } from './wire-error.js';
export { classifyProviderError, isRequestsFault, type ProviderFailure } from './provider-error.js';
export { type AnswerHeaders, retryAfterMs } from './retry-after.js';
export type { Redaction } from './sanitiser/redaction.js';
export { type BodyKind, kindOfBody, sanitiseBody, type SanitisedBody } from './sanitiser/sanitise-body.js';
export { sanitiseHeaders } from './sanitiser/sanitise-headers.js';
export { sanitiseJson } from './sanitiser/sanitise-json.js';
export { type SanitisedPart, sanitiseMultipart } from './sanitiser/multipart.js';
export { MAX_SANITISED_CHARACTERS, sanitiseText } from './sanitiser/sanitise-text.js';
export { sanitiseUrl } from './sanitiser/sanitise-url.js';
