import type { FormatId } from '../../libs/protocol/index.js';

/** `/v1beta/models/gemini-pro:generateContent`, under `/v1` too. */
const GEMINI_PATH = /^\/v1(?:beta)?\/models\/.*:[A-Za-z]+$/;

/** The dialect a path belongs to; OpenAI's for all that is nobody else's. */
export function dialectOf(path: string): FormatId {
  if (path === '/v1/chat/completions') return 'openai-chat';
  if (path === '/v1/responses') return 'openai-responses';
  if (path.startsWith('/v1/messages')) return 'anthropic-messages';
  if (path.startsWith('/v2/')) return 'cohere-chat';
  if (path.startsWith('/api/')) return 'ollama-chat';
  if (path.startsWith('/v1beta/') || GEMINI_PATH.test(path)) return 'gemini-generate-content';
  return 'openai-chat';
}
