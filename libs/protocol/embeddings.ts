import type { Echo, RawUsage } from './answer.js';
import type { EmbeddingFormatId, Extensible } from './format.js';
import type { MediaSource } from './parts.js';
import type { Usage } from './usage.js';

/** A piece of what is embedded. */
export type EmbeddingPart =
  | { readonly type: 'text'; readonly text: string }
  /** Ids of the model's own tokenizer: only its own vendor knows them. */
  | { readonly type: 'tokens'; readonly tokens: readonly number[] }
  | ({ readonly type: 'image' | 'audio' | 'video' | 'file'; readonly source: MediaSource } & Extensible);

/** One thing to embed: what its parts say together becomes one vector. */
export interface EmbeddingInput extends Extensible {
  /** At least one. */
  readonly parts: readonly EmbeddingPart[];
  /** Of a document. */
  readonly title?: string | undefined;
}

/** How the numbers of a vector are written. `base64`: little-endian 32-bit floats. */
export type EmbeddingEncoding = 'float' | 'base64' | 'int8' | 'uint8' | 'binary' | 'ubinary';

/** What the vectors are for: the model embeds a question otherwise than what answers it. */
export type EmbeddingPurpose =
  | 'query'
  | 'document'
  | 'similarity'
  | 'classification'
  | 'clustering'
  | 'question-answering'
  | 'fact-verification'
  | 'code-query'
  | 'image';

/** A call for embeddings in no vendor's words. */
export interface EmbeddingRequest extends Extensible {
  /** The format it was decoded from; absent: made by hand. */
  readonly source?: EmbeddingFormatId | undefined;
  readonly model: string;
  /** At least one; answered in this order. */
  readonly inputs: readonly EmbeddingInput[];
  /** How long the vectors are to be; absent: the model's own length. */
  readonly dimensions?: number | undefined;
  /** In which ways the same vectors are wanted; absent: as the format does by itself. */
  readonly encodings?: readonly EmbeddingEncoding[] | undefined;
  readonly purpose?: EmbeddingPurpose | undefined;
  /** Which end of an input that is too long is cut off; `none`: it is refused. */
  readonly truncate?: 'none' | 'start' | 'end' | undefined;
  /** Whether the vectors are to be of the length 1. */
  readonly normalize?: boolean | undefined;
  /** The end user the caller acts for. */
  readonly user?: string | undefined;
  /** As `form`, for single fields of the request: `{inputs: 'string'}`. */
  readonly forms?: Readonly<Record<string, string>> | undefined;
}

/** One vector, in one or more encodings. */
export interface Embedding extends Extensible {
  /** The place of its input in the request. */
  readonly index: number;
  readonly vectors: Readonly<Partial<Record<Exclude<EmbeddingEncoding, 'base64'>, readonly number[]>>> & {
    readonly base64?: string;
  };
}

/** Embeddings in no vendor's words. */
export interface EmbeddingAnswer extends Extensible {
  readonly source?: EmbeddingFormatId | undefined;
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  readonly embeddings: readonly Embedding[];
  /** `null`: the provider did not say. */
  readonly usage: Usage | null;
  readonly rawUsage?: RawUsage | undefined;
  readonly echo?: Echo | undefined;
}

/** The floats as 32-bit ones, little-endian, in base64: a third of their JSON. */
export function base64OfFloats(values: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  for (let index = 0; index < values.length; index += 1) bytes.writeFloatLE(values[index] ?? 0, index * 4);
  return bytes.toString('base64');
}

/** The other way round; an incomplete last float is left out. */
export function floatsOfBase64(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  const values: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) values.push(bytes.readFloatLE(at));
  return values;
}
