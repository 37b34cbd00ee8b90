import type {
  AnswerHeaders,
  EmbeddingAnswer,
  EmbeddingFormatId,
  EmbeddingRequest,
  JsonFields,
  LossReport,
  RerankAnswer,
  RerankFormatId,
  RerankRequest,
  WireError,
} from '../protocol/index.js';
import type {
  Decoded,
  EncodedError,
  EncodedRequest,
  EncodeRequestContext,
  RequestOrigin,
  UpstreamFailure,
} from './wire-format.js';

/** What an answer needs that the provider's may lack. */
export interface EncodeWholeContext<Request> {
  readonly report: LossReport;
  /** Written where the provider's answer has none. */
  readonly id: string;
  /** The name the caller used; `null`: as the provider calls it. */
  readonly model: string | null;
  /** What was asked: how the vectors are wanted, and what some formats repeat; absent: as the format does by itself. */
  readonly request?: Request | undefined;
}

/**
 * A format of calls that are asked and answered in one piece: embeddings and reranking. As in `WireFormat`, decoders of requests
 * check, decoders of answers are lenient, and encoders report what they cannot write. Inputs and documents are never left out,
 * since answers name them by their place: one that cannot be written is a 400.
 */
export interface WholeFormat<Id, Request, Answer> {
  readonly id: Id;
  /** @throws GatewayError 400 that names the field at fault */
  decodeRequest(body: unknown, origin?: RequestOrigin): Request;
  /** @throws GatewayError 400 where an input or document cannot be written */
  encodeRequest(request: Request, context: EncodeRequestContext): EncodedRequest;
  /**
   * Reads the body of a 200. An error inside it, or a body that is no answer, gives `ok: false`. Never throws.
   * @param headers of the answer, where some providers tell the usage
   */
  decodeAnswer(body: Buffer, headers?: AnswerHeaders): Decoded<Answer>;
  encodeAnswer(answer: Answer, context: EncodeWholeContext<Request>): JsonFields;
  /** Classifies a failure. Never throws, whatever the body. */
  decodeError(failure: UpstreamFailure): WireError;
  encodeError(error: WireError, requestId: string): EncodedError;
}

export type EmbeddingFormat = WholeFormat<EmbeddingFormatId, EmbeddingRequest, EmbeddingAnswer>;
export type RerankFormat = WholeFormat<RerankFormatId, RerankRequest, RerankAnswer>;
