/**
 * What every wire format is: six pure functions and two for errors. `libs/wire/README.md` shows how they are used.
 *
 * To add a format:
 * 1. Make a folder of its name with `decode-request`, `encode-request`, `decode-answer`, `encode-answer`, `decode-events`,
 *    `encode-events`, `errors`, `finish` (one table for the reasons a choice ends), and `format.ts` that joins them into one
 *    `WireFormat`. Export it from `index.ts` and add it to `WIRE_FORMATS` in `formats.ts`.
 * 2. Decoding: read known fields with a `Shape` (fields.ts), keep all others in `extensions` under the format's id, parts
 *    and tools of unknown types as `opaque` and `vendor`. Callers' requests are checked (`GatewayError` 400 that names the
 *    field); providers' answers are taken leniently and never throw.
 * 3. Encoding: write what the format can carry and `report.add(path, reason)` for everything else: `reportExtensions` for
 *    foreign extensions. Requests are built strictly: nothing a vendor's schema refuses.
 * 4. Streams: extend `SseEventDecoder` (server-sent events; `AlikeSseEventDecoder` where deltas differ in their text only) or
 *    `EventDecoder` (own framing); keep no text. Formats whose parts may not interleave put a `PartQueue` before their encoder.
 * 5. Register the recorded exchanges in `test/contract/wire/<format>.spec.ts`; `npm run conversion-doc` after a build.
 */
import type {
  CanonicalAnswer,
  CanonicalRequest,
  FinishReason,
  FormatId,
  JsonFields,
  LossReport,
  StreamEvent,
  WireError,
} from '../protocol/index.js';

/** What of a request stands beside its body. */
export interface RequestOrigin {
  /** The model where the URL names it. */
  readonly model?: string | undefined;
  /** Whether the URL asks for a stream. */
  readonly stream?: boolean | undefined;
}

/**
 * What a provider of a format does differently from the format's first vendor. All optional: absent is what the vendor does.
 * Providers keep theirs as data.
 */
export interface TargetTraits {
  /** Written where the format requires a limit and the call has none. */
  readonly defaultMaxTokens?: number | undefined;
  /** `openai-chat`: which field carries the limit. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens' | undefined;
  /** `openai-chat`: whether `stream_options` may be sent. */
  readonly streamOptions?: boolean | undefined;
  /** OpenAI formats: how instructions are called; absent: as the caller did, `system` for `developer` of other formats. */
  readonly instructionRole?: 'system' | 'developer' | undefined;
  /** `openai-chat`: in which field reasoning goes back in the history; `null`: in none. */
  readonly reasoningField?: 'reasoning_content' | 'reasoning' | null | undefined;
  /** How reasoning is asked for, where generations of models differ. */
  readonly reasoningStyle?: 'effort' | 'budget' | 'adaptive' | 'none' | undefined;
  /** Request fields the provider refuses, by their names on the wire: left out and reported. */
  readonly refusedFields?: readonly string[] | undefined;
  /** The version of the format, where it has several. */
  readonly version?: string | undefined;
}

export interface EncodeRequestContext {
  readonly report: LossReport;
  /** The name the provider knows the model by; absent: the request's. */
  readonly model?: string | undefined;
  readonly traits?: TargetTraits | undefined;
}

/** A request in a format. Its body is plain JSON values; where the URL carries model and streaming, the adapter knows them. */
export interface EncodedRequest {
  readonly body: JsonFields;
  /** Headers the format wants beside those of the provider, lower-case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What an answer needs that the provider's may lack. Given in, because nothing here asks a clock or dice. */
export interface EncodeAnswerContext {
  readonly report: LossReport;
  /** Written where the provider's answer has none. */
  readonly id: string;
  /** Seconds since 1970, written where the provider's answer has none. */
  readonly created: number;
  /** The name the caller used; `null`: as the provider calls it. */
  readonly model: string | null;
  /** Whether the stream tells its usage; absent: as the format does by itself. Whole answers always do. */
  readonly includeUsage?: boolean | undefined;
}

export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError };

export interface DecodeEventsOptions {
  /** Most bytes of one event; more ends in an `error` of the kind `frame-too-large`. Default 4 MiB. */
  readonly maxFrameBytes?: number | undefined;
}

/** Bytes in, events out. One per stream. Never throws, holds no text. */
export interface StreamDecoder {
  /** Takes the next bytes. Nothing comes after `answer-end` or `error`. */
  push(chunk: Buffer): readonly StreamEvent[];
  /** The upstream has closed. Gives an `error` unless the end was told already. */
  end(): readonly StreamEvent[];
}

/** Events in, bytes out. One per stream. */
export interface StreamEncoder {
  /** What is to be sent for the event; empty when there is nothing. After `answer-end` or `error` always empty. */
  push(event: StreamEvent): string | Buffer;
}

/** A failed answer of a provider as it came. */
export interface UpstreamFailure {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  /** For waits that end at a date, milliseconds since 1970. */
  readonly nowMs: number;
}

export interface EncodedError {
  readonly status: number;
  readonly body: JsonFields;
  /** Headers of the dialect, lower-case; `retry-after` ones included. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface WireFormat {
  readonly id: FormatId;
  /** The words for why a choice ends, and what each means. Other words are `other`. */
  readonly finishReasons: Readonly<Record<string, FinishReason>>;
  /** @throws GatewayError 400 that names the field at fault */
  decodeRequest(body: unknown, origin?: RequestOrigin): CanonicalRequest;
  /** @throws GatewayError 400 where a prompt cache is required that the format has not */
  encodeRequest(request: CanonicalRequest, context: EncodeRequestContext): EncodedRequest;
  /** Reads the body of a 200. An error inside it, or a body that is no answer, gives `ok: false`. Never throws. */
  decodeAnswer(body: Buffer): Decoded<CanonicalAnswer>;
  encodeAnswer(answer: CanonicalAnswer, context: EncodeAnswerContext): JsonFields;
  decodeEvents(options?: DecodeEventsOptions): StreamDecoder;
  encodeEvents(context: EncodeAnswerContext): StreamEncoder;
  /** Classifies a failure. Never throws, whatever the body. */
  decodeError(failure: UpstreamFailure): WireError;
  encodeError(error: WireError, requestId: string): EncodedError;
}
