import type { EmbeddingFormatId, RerankFormatId } from '../protocol/index.js';
import { BEDROCK_COHERE_EMBED, COHERE_EMBED } from './cohere-embed/format.js';
import { COHERE_RERANK } from './cohere-rerank/format.js';
import { GEMINI_EMBED_CONTENT } from './gemini-embed-content/format.js';
import { JINA_RERANK } from './jina-rerank/format.js';
import { OPENAI_EMBEDDINGS } from './openai-embeddings/format.js';
import { TITAN_EMBED } from './titan-embed/format.js';
import type { EmbeddingFormat, RerankFormat } from './whole-format.js';

/** Every format of embeddings there is, by its id. */
export const EMBEDDING_FORMATS: Readonly<Record<EmbeddingFormatId, EmbeddingFormat>> = {
  'openai-embeddings': OPENAI_EMBEDDINGS,
  'gemini-embed-content': GEMINI_EMBED_CONTENT,
  'cohere-embed': COHERE_EMBED,
  'titan-embed': TITAN_EMBED,
  'bedrock-cohere-embed': BEDROCK_COHERE_EMBED,
};

/** Every format of reranking there is, by its id. */
export const RERANK_FORMATS: Readonly<Record<RerankFormatId, RerankFormat>> = {
  'cohere-rerank': COHERE_RERANK,
  'jina-rerank': JINA_RERANK,
};
