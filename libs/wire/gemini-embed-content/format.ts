import { errorOf } from '../answer-bytes.js';
import { encodeError } from '../gemini-generate-content/errors.js';
import type { EmbeddingFormat } from '../whole-format.js';
import { decodeAnswer, encodeAnswer } from './answer.js';
import { decodeRequest } from './decode-request.js';
import { encodeRequest } from './encode-request.js';
import { FORMAT } from './shapes.js';

/** Gemini's embeddings, one by one or in batches. https://ai.google.dev/api/embeddings */
export const GEMINI_EMBED_CONTENT: EmbeddingFormat = {
  id: FORMAT,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeError: (failure) => errorOf(FORMAT, failure),
  encodeError,
};
