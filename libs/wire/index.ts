export {
  type AnswerWithError,
  type ChatAnswer,
  relayChatAnswer,
  type RelayedAnswer,
  type UnreadableAnswer,
} from './openai-chat/answer.js';
export { type ChatRequest, messagesBytes, readChatRequest } from './openai-chat/request.js';
export { checkMetadata, type RequestExtensions } from './openai-chat/request-extensions.js';
export { type ChatPatch, encodeChatRequest } from './openai-chat/request-patch.js';
export { type ChatStreamEnding, ChatStreamRelay, type ChatStreamRelayOptions } from './openai-chat/stream.js';
export { readUsage } from './openai-chat/usage.js';
export { readAnthropicUsage } from './usage/anthropic.js';
export { readConverseUsage } from './usage/bedrock-converse.js';
export { readCohereUsage } from './usage/cohere.js';
export { readGeminiUsage } from './usage/gemini.js';
export { readOllamaUsage } from './usage/ollama.js';
export type {
  Decoded,
  DecodeEventsOptions,
  EncodeAnswerContext,
  EncodedError,
  EncodedRequest,
  EncodeRequestContext,
  RequestOrigin,
  StreamDecoder,
  StreamEncoder,
  TargetTraits,
  UpstreamFailure,
  WireFormat,
} from './wire-format.js';
export { countedRequest, type DialectRequest, readDialectRequest, withoutExtensions } from './dialect-request.js';
export { transcode, TRANSCODED, type Transcoded, type TranscodeQuestion, type TranscodeResult } from './transcode.js';
export { WIRE_FORMATS } from './formats.js';
export { OPENAI_CHAT } from './openai-chat/format.js';
export { ANTHROPIC_MESSAGES } from './anthropic-messages/format.js';
export { BEDROCK_CONVERSE } from './bedrock-converse/format.js';
export { GEMINI_GENERATE_CONTENT } from './gemini-generate-content/format.js';
export { COHERE_CHAT } from './cohere-chat/format.js';
export type { EmbeddingFormat, EncodeWholeContext, RerankFormat, WholeFormat } from './whole-format.js';
export { EMBEDDING_FORMATS, RERANK_FORMATS } from './whole-formats.js';
export { OLLAMA_CHAT } from './ollama-chat/format.js';
export { OPENAI_RESPONSES } from './openai-responses/format.js';
export { readWholeBody, relayWholeBody, type WholeBody, type WholePatch } from './whole-body.js';
export { RELAYED_WHOLE, type RelayedWhole, relayWholeAnswer } from './whole-relay.js';
