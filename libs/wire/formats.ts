import type { FormatId } from '../protocol/index.js';
import { ANTHROPIC_MESSAGES } from './anthropic-messages/format.js';
import { BEDROCK_CONVERSE } from './bedrock-converse/format.js';
import { GEMINI_GENERATE_CONTENT } from './gemini-generate-content/format.js';
import { COHERE_CHAT } from './cohere-chat/format.js';
import { OLLAMA_CHAT } from './ollama-chat/format.js';
import { OPENAI_CHAT } from './openai-chat/format.js';
import { OPENAI_RESPONSES } from './openai-responses/format.js';
import type { WireFormat } from './wire-format.js';

/** Every format there is, by its id. */
export const WIRE_FORMATS: Readonly<Partial<Record<FormatId, WireFormat>>> = {
  'openai-chat': OPENAI_CHAT,
  'openai-responses': OPENAI_RESPONSES,
  'anthropic-messages': ANTHROPIC_MESSAGES,
  'gemini-generate-content': GEMINI_GENERATE_CONTENT,
  'bedrock-converse': BEDROCK_CONVERSE,
  'cohere-chat': COHERE_CHAT,
  'ollama-chat': OLLAMA_CHAT,
};
