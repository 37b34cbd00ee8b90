import type { AnyFormatId } from '../../libs/protocol/index.js';

/** `/v1beta/models/gemini-pro:generateContent`, under `/v1` too. */
const GEMINI_PATH = /^\/v1(?:beta)?\/models\/.*:[A-Za-z]+$/;

/** The same for embeddings. */
const GEMINI_EMBEDDINGS = /:(?:embedContent|batchEmbedContents)$/;
const ENDPOINTS: ReadonlyMap<string, AnyFormatId> = new Map([
  ['/v1/embeddings', 'openai-embeddings'],
  ['/v1/rerank', 'jina-rerank'],
  ['/v2/rerank', 'cohere-rerank'],
  ['/v2/embed', 'cohere-embed'],
]);

/** The dialect a path belongs to; OpenAI's for all that is nobody else's. */
export function dialectOf(path: string): AnyFormatId {
  if (path === '/v1/chat/completions') return 'openai-chat';
  if (path === '/v1/responses') return 'openai-responses';
  if (path.startsWith('/v1/messages')) return 'anthropic-messages';
  if (path.startsWith('/v1beta/') || GEMINI_PATH.test(path)) {
    return GEMINI_EMBEDDINGS.test(path) ? 'gemini-embed-content' : 'gemini-generate-content';
  }
  const endpoint = ENDPOINTS.get(path);
  if (endpoint !== undefined) return endpoint;
  if (path.startsWith('/v2/')) return 'cohere-chat';
  if (path.startsWith('/api/')) return 'ollama-chat';
  return 'openai-chat';
}
