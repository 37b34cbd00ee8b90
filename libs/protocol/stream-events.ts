import type { Echo, Finish, Logprobs, RawUsage } from './answer.js';
import type { Extensions, FormatId } from './format.js';
import type { Citation, Part, Signature } from './parts.js';
import type { Usage } from './usage.js';
import type { WireError } from './wire-error.js';

/**
 * A streamed answer in no vendor's words.
 *
 *     answer-start  ( part-start  …-delta*  part-end | choice-finish | usage-update | … )*  answer-end | error
 *
 * - The first event is `answer-start`, but where the stream fails before it. The last is `answer-end` or `error`, exactly
 *   one of them; a stream that stops without its format's end mark gives an `error` of the kind `incomplete`.
 * - `choice` counts answers from 0, `index` the parts of a choice, in the order of their `part-start`. Every delta names a
 *   part that was started and has not ended. Several parts may be open at a time (parallel tool calls); a `PartQueue` puts
 *   them in a row for formats that know only one.
 * - `part-start` brings the part with everything known; `text` and `arguments` in it are empty, they come as deltas. Parts
 *   without deltas (images, results, opaque ones) are whole.
 * - Usage is cumulative: a later `usage-update` replaces the earlier one.
 */
export type StreamEvent =
  | AnswerStart
  | PartStart
  | TextDelta
  | SummaryDelta
  | SignatureSet
  | CitationAdd
  | AudioDelta
  | LogprobsAdd
  | PartEnd
  | ChoiceFinish
  | UsageUpdate
  | ExtensionsAdd
  | KeepAlive
  | AnswerEnd
  | StreamError;

export interface AnswerStart {
  readonly type: 'answer-start';
  readonly source: FormatId;
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  /** Seconds since 1970. */
  readonly created?: number | undefined;
  readonly serviceTier?: string | undefined;
  readonly echo?: Echo | undefined;
  readonly extensions?: Extensions | undefined;
}

export interface PartStart {
  readonly type: 'part-start';
  readonly choice: number;
  readonly index: number;
  readonly part: Part;
}

/** More of a part of the same kind: text, reasoning, refusal, or the arguments of a tool call or a built-in one. */
export interface TextDelta {
  readonly type: 'text-delta' | 'reasoning-delta' | 'refusal-delta' | 'arguments-delta';
  readonly choice: number;
  readonly index: number;
  readonly text: string;
}

/** More of the summary of a reasoning part. */
export interface SummaryDelta {
  readonly type: 'summary-delta';
  readonly choice: number;
  readonly index: number;
  /** Which paragraph, from 0. */
  readonly paragraph: number;
  readonly text: string;
}

/** The signature or the encrypted content of a part; it replaces an earlier one. */
export interface SignatureSet {
  readonly type: 'signature-set';
  readonly choice: number;
  readonly index: number;
  readonly signature?: Signature | undefined;
  readonly encrypted?: Signature | undefined;
}

export interface CitationAdd {
  readonly type: 'citation-add';
  readonly choice: number;
  readonly index: number;
  readonly citation: Citation;
}

/** More of an audio part: base64, words of its transcript, or facts about it. */
export interface AudioDelta {
  readonly type: 'audio-delta';
  readonly choice: number;
  readonly index: number;
  readonly data?: string | undefined;
  readonly transcript?: string | undefined;
  readonly extensions?: Extensions | undefined;
}

export interface LogprobsAdd {
  readonly type: 'logprobs-add';
  readonly choice: number;
  readonly logprobs: Logprobs;
}

export interface PartEnd {
  readonly type: 'part-end';
  readonly choice: number;
  readonly index: number;
  /** What became known of the part only at its end. */
  readonly extensions?: Extensions | undefined;
}

export interface ChoiceFinish {
  readonly type: 'choice-finish';
  readonly choice: number;
  readonly finish: Finish;
  /** What of the answer's echo is known only now. */
  readonly echo?: Echo | undefined;
  readonly extensions?: Extensions | undefined;
}

export interface UsageUpdate {
  readonly type: 'usage-update';
  readonly usage: Usage;
  readonly raw?: RawUsage | undefined;
}

/** Fields of the answer, or of a choice, that only their own format knows and that came after its start. */
export interface ExtensionsAdd {
  readonly type: 'extensions-add';
  readonly choice?: number | undefined;
  readonly extensions: Extensions;
}

/** The provider shows that it is alive. */
export interface KeepAlive {
  readonly type: 'keep-alive';
}

export interface AnswerEnd {
  readonly type: 'answer-end';
}

/** The stream failed; nothing follows. */
export interface StreamError {
  readonly type: 'error';
  readonly error: WireError;
}
