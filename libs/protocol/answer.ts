import type { AnyFormatId, Extensible, FormatId, JsonFields } from './format.js';
import type { Part } from './parts.js';
import type { Usage } from './usage.js';

/** Why a choice ended. A stop sequence is `stop` with `stopSequence`. */
export type FinishReason =
  | 'stop'
  | 'length'
  | 'tool-calls'
  | 'content-filter'
  /** The model itself declined. */
  | 'refusal'
  /** The provider paused a long turn; sending the answer back goes on with it. */
  | 'pause'
  | 'cancelled'
  | 'error'
  /** A word the table of the format does not know; it is in `raw`. */
  | 'other';

export interface Finish {
  readonly reason: FinishReason;
  /** The word of the format it came from. Only an encoder of `format` may write it. */
  readonly raw?: string | undefined;
  readonly format?: FormatId | undefined;
  /** Which stop sequence was met. */
  readonly stopSequence?: string | undefined;
}

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  /** UTF-8 bytes of the token; `null` where there are none. */
  readonly bytes?: readonly number[] | null | undefined;
  readonly top?: readonly TokenLogprob[] | undefined;
}

export interface Logprobs extends Extensible {
  readonly content?: readonly TokenLogprob[] | undefined;
  readonly refusal?: readonly TokenLogprob[] | undefined;
}

export interface Choice extends Extensible {
  readonly index: number;
  readonly parts: readonly Part[];
  /** `null`: the provider did not say. */
  readonly finish: Finish | null;
  readonly logprobs?: Logprobs | undefined;
}

/** A usage block as its format wrote it: an encoder of the same format writes it back. */
export interface RawUsage {
  readonly format: AnyFormatId;
  readonly value: JsonFields;
}

/**
 * What a provider repeats of the request in its answer, or tells of its clock, as its format wrote it: an encoder of the same
 * format writes it back. It says nothing of the answer, so it is never a loss.
 */
export interface Echo {
  readonly format: AnyFormatId;
  readonly value: JsonFields;
}

/** A whole answer in no vendor's words. */
export interface CanonicalAnswer extends Extensible {
  readonly source?: FormatId | undefined;
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  /** Seconds since 1970. */
  readonly created?: number | undefined;
  /** At least one, by index. */
  readonly choices: readonly Choice[];
  /** `null`: the provider did not say. */
  readonly usage: Usage | null;
  readonly rawUsage?: RawUsage | undefined;
  readonly echo?: Echo | undefined;
  readonly serviceTier?: string | undefined;
}
