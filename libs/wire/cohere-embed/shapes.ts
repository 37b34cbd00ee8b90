import type { EmbeddingPurpose } from '../../protocol/index.js';
import { purposesByWord } from '../embedding-inputs.js';
import { LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The names of both in extensions: Cohere's own place, and Amazon's, where URL and headers say what bodies do not. */
export type CohereEmbedId = 'cohere-embed' | 'bedrock-cohere-embed';

export const REQUEST = shape({
  model: STRING,
  texts: LIST,
  images: LIST,
  inputs: LIST,
  input_type: STRING,
  embedding_types: LIST,
  output_dimension: NUMBER,
  truncate: STRING,
});
export const INPUT = shape({ content: LIST });
export const TEXT_PART = shape({ type: STRING, text: STRING });
export const IMAGE_PART = shape({ type: STRING, image_url: STRING | OBJECT });
export const IMAGE_URL = shape({ url: STRING });

export const ANSWER = shape({
  id: STRING,
  embeddings: LIST | OBJECT,
  response_type: STRING,
  texts: LIST,
  images: LIST,
  meta: OBJECT,
});

export const TYPES = ['float', 'int8', 'uint8', 'binary', 'ubinary', 'base64'] as const;

/** Purposes that have a word of their own; the others are told as what is nearest. */
export const WORDS: Readonly<Partial<Record<EmbeddingPurpose, string>>> = {
  query: 'search_query',
  document: 'search_document',
  classification: 'classification',
  clustering: 'clustering',
  image: 'image',
};
export const NEAREST: Readonly<Partial<Record<EmbeddingPurpose, string>>> = {
  similarity: 'search_document',
  'question-answering': 'search_query',
  'fact-verification': 'search_query',
  'code-query': 'search_query',
};
export const PURPOSES = purposesByWord(WORDS);
