import { errorOf } from '../answer-bytes.js';
import { encodeError as encodeBedrockError } from '../bedrock-converse/errors.js';
import { encodeError } from '../cohere-chat/errors.js';
import type { EmbeddingFormat } from '../whole-format.js';
import { decodeAnswer, encodeAnswer } from './answer.js';
import { decodeRequest } from './decode-request.js';
import { encodeRequest } from './encode-request.js';
import type { CohereEmbedId } from './shapes.js';

function formatOf(id: CohereEmbedId, encode: EmbeddingFormat['encodeError']): EmbeddingFormat {
  return {
    id,
    decodeRequest: (body, origin) => decodeRequest(id, body, origin),
    encodeRequest: (request, context) => encodeRequest(id, request, context),
    decodeAnswer: (body, headers) => decodeAnswer(id, body, headers),
    encodeAnswer: (answer, context) => encodeAnswer(id, answer, context),
    decodeError: (failure) => errorOf(id, failure),
    encodeError: encode,
  };
}

/** Cohere's embeddings, version 2. https://docs.cohere.com/reference/embed */
export const COHERE_EMBED = formatOf('cohere-embed', encodeError);

/** Cohere's models behind Amazon's InvokeModel. https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html */
export const BEDROCK_COHERE_EMBED = formatOf('bedrock-cohere-embed', encodeBedrockError);
