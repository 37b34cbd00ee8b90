import type { AnyFormatId } from '../../../libs/protocol/index.js';
import { EMBEDDING_FORMATS, readWholeBody, RERANK_FORMATS } from '../../../libs/wire/index.js';
import { readGeminiPath } from '../gemini-path.js';
import { EMBEDDINGS } from './embeddings.kind.js';
import type { EndpointAsk } from './endpoint-ask.js';
import { RERANK } from './rerank.kind.js';
import { WholeAsk } from './whole-ask.js';

type OneOf<T> = T[keyof T];

/**
 * A call for embeddings or reranking; `null` for dialects of generation.
 * @throws GatewayError `invalid_request` that names the field at fault
 */
export function readEndpoint(raw: Buffer, dialect: AnyFormatId, path: string): EndpointAsk | null {
  const embeddings: OneOf<typeof EMBEDDING_FORMATS> | undefined = (
    EMBEDDING_FORMATS as Formats<typeof EMBEDDING_FORMATS>
  )[dialect];
  if (embeddings !== undefined) {
    const body = readWholeBody(raw);
    const origin = dialect === 'gemini-embed-content' ? { model: readGeminiPath(path).model } : {};
    return new WholeAsk(EMBEDDINGS, embeddings, body, embeddings.decodeRequest(body.fields, origin));
  }
  const rerank: OneOf<typeof RERANK_FORMATS> | undefined = (RERANK_FORMATS as Formats<typeof RERANK_FORMATS>)[dialect];
  if (rerank === undefined) return null;
  const body = readWholeBody(raw);
  return new WholeAsk(RERANK, rerank, body, rerank.decodeRequest(body.fields));
}

type Formats<T> = Readonly<Partial<Record<AnyFormatId, OneOf<T>>>>;
