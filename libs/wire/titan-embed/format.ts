import { errorOf } from '../answer-bytes.js';
import { encodeError } from '../bedrock-converse/errors.js';
import type { EmbeddingFormat } from '../whole-format.js';
import { decodeAnswer, encodeAnswer } from './answer.js';
import { decodeRequest, encodeRequest } from './request.js';
import { FORMAT } from './shapes.js';

/** Amazon's own models behind InvokeModel. https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed.html */
export const TITAN_EMBED: EmbeddingFormat = {
  id: FORMAT,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeError: (failure) => errorOf(FORMAT, failure),
  encodeError,
};
