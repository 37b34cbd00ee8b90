import { errorOf } from '../answer-bytes.js';
import { encodeError } from '../openai-chat/errors.js';
import type { RerankFormat } from '../whole-format.js';
import { decodeAnswer, encodeAnswer } from './answer.js';
import { decodeRequest, encodeRequest } from './request.js';
import { FORMAT } from './shapes.js';

/** Jina's reranking, as many servers offer it: vLLM, llama.cpp, Together, Fireworks… https://api.jina.ai/redoc */
export const JINA_RERANK: RerankFormat = {
  id: FORMAT,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeError: (failure) => errorOf(FORMAT, failure),
  encodeError,
};
