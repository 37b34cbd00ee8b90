import type { EmbeddingFormatId, LossReport, RerankFormatId, Usage, WireError } from '../../../libs/protocol/index.js';
import type { RequestExtensions, TargetTraits } from '../../../libs/wire/index.js';
import type { ModelEntry } from '../../registry/snapshot.js';

export type EndpointFormatId = EmbeddingFormatId | RerankFormatId;

/** Where and in which words an attempt asks. */
export interface EndpointTarget {
  readonly format: EndpointFormatId;
  /** What the upstream calls the model. */
  readonly model: string;
  readonly traits: TargetTraits;
}

/** What the caller is told of an answer. */
export interface EndpointAnswerContext {
  readonly id: string;
  /** The name the caller used; `null`: as the provider calls it. */
  readonly model: string | null;
}

/** A good answer in the caller's words, and what it says it used. */
export interface TranslatedAnswer {
  readonly ok: true;
  readonly body: Buffer;
  /** Tokens; `null`: the provider did not say. */
  readonly usage: Usage | null;
  readonly searchUnits: number | undefined;
}

/** What is sent in one attempt, and how its answer is read. */
export interface EndpointPlan {
  readonly body: Buffer;
  readonly report: LossReport;
  /** Never throws, whatever the body. */
  answer(
    body: Buffer,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    context: EndpointAnswerContext,
  ): TranslatedAnswer | { readonly ok: false; readonly error: WireError };
}

/** A call that is no generation, asked and answered whole: embeddings or reranking, with its format's types inside. */
export interface EndpointAsk {
  readonly endpoint: 'embeddings' | 'rerank';
  readonly modelName: string;
  readonly extensions: RequestExtensions;
  /** What is embedded, or question and documents; for a keyed hash. */
  readonly content: Buffer;
  /** High estimate of what the provider counts. */
  readonly promptTokens: number;
  /** Searches a reranker may charge at most, as far as can be foreseen. */
  readonly searchUnits: number;
  /** @throws GatewayError `invalid_request` where the target cannot be asked so */
  plan(target: EndpointTarget, model: ModelEntry): EndpointPlan;
}
