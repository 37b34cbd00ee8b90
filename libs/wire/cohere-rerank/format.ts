import { errorOf } from '../answer-bytes.js';
import { encodeError } from '../cohere-chat/errors.js';
import type { RerankFormat } from '../whole-format.js';
import { decodeAnswer, encodeAnswer } from './answer.js';
import { decodeRequest, encodeRequest } from './request.js';
import { FORMAT } from './shapes.js';

/** Cohere's reranking, version 2. https://docs.cohere.com/reference/rerank */
export const COHERE_RERANK: RerankFormat = {
  id: FORMAT,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeError: (failure) => errorOf(FORMAT, failure),
  encodeError,
};
