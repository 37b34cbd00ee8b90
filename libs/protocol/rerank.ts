import type { RawUsage } from './answer.js';
import type { Extensible, JsonFields, RerankFormatId } from './format.js';
import type { Usage } from './usage.js';

/** One of the texts that are put in order. */
export interface RerankDocument extends Extensible {
  readonly text: string;
  /** A structured document as it came; `text` then is what is read of it, a field a line unless it has one called `text`. */
  readonly fields?: JsonFields | undefined;
}

/** A call for reranking in no vendor's words. */
export interface RerankRequest extends Extensible {
  /** The format it was decoded from; absent: made by hand. */
  readonly source?: RerankFormatId | undefined;
  readonly model: string;
  readonly query: string;
  /** At least one. */
  readonly documents: readonly RerankDocument[];
  /** How many of the best are wanted; absent: all. */
  readonly topN?: number | undefined;
  /** Whether the results repeat their documents. */
  readonly returnDocuments?: boolean | undefined;
  /** Longer documents are cut. */
  readonly maxTokensPerDocument?: number | undefined;
  /** The fields of structured documents that are read, in this order. */
  readonly rankFields?: readonly string[] | undefined;
  /** As `form`, for single fields of the request. */
  readonly forms?: Readonly<Record<string, string>> | undefined;
}

export interface RerankResult extends Extensible {
  /** The place of the document in the request. */
  readonly index: number;
  /** The higher, the nearer; scales differ between models. */
  readonly score: number;
  readonly document?: RerankDocument | undefined;
}

/** Documents in order, in no vendor's words. */
export interface RerankAnswer extends Extensible {
  readonly source?: RerankFormatId | undefined;
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  /** The nearest first, as the provider sorts them. */
  readonly results: readonly RerankResult[];
  /** Tokens; `null`: the provider did not say. */
  readonly usage: Usage | null;
  /** Searches the provider charges for, where it charges by them. */
  readonly searchUnits?: number | undefined;
  readonly rawUsage?: RawUsage | undefined;
}
