import { errorOf } from '../answer-bytes.js';
import { encodeError } from '../openai-chat/errors.js';
import type { EmbeddingFormat } from '../whole-format.js';
import { decodeAnswer, encodeAnswer } from './answer.js';
import { decodeRequest } from './decode-request.js';
import { encodeRequest } from './encode-request.js';
import { FORMAT } from './shapes.js';

/** OpenAI's embeddings. https://platform.openai.com/docs/api-reference/embeddings */
export const OPENAI_EMBEDDINGS: EmbeddingFormat = {
  id: FORMAT,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeError: (failure) => errorOf(FORMAT, failure),
  encodeError,
};
