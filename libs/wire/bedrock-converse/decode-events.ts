import {
  type Extensions,
  type JsonFields,
  type StreamEvent,
  wireError,
  type WireErrorKind,
} from '../../protocol/index.js';
import { type EventStreamFailureKind, type EventStreamMessage, EventStreamSplitter } from '../../streaming/index.js';
import { parsed } from '../answer-bytes.js';
import { DEFAULT_MAX_FRAME_BYTES, EventDecoder } from '../event-decoder.js';
import { isFields, objectOf, restOf, type Shape, shape, OBJECT, STRING, textOf } from '../fields.js';
import { readConverseUsage } from '../usage/bedrock-converse.js';
import type { DecodeEventsOptions, StreamDecoder } from '../wire-format.js';
import { stopSequenceIn, withAdditional } from './decode-answer.js';
import { type BlockSink, StreamBlock } from './decode-stream-block.js';
import { errorOfFrame } from './errors.js';
import { finishOf } from './finish.js';
import { FORMAT } from './shapes.js';

/** Blocks that are open at a time; more are no answer. */
const MAX_OPEN_BLOCKS = 1024;

/**
 * Reads the bytes of `converse-stream`. It is complete with `messageStop` and `metadata`, which come in this order, or with
 * `messageStop` where the bytes end there.
 */
export function decodeEvents(options: DecodeEventsOptions = {}): StreamDecoder {
  return new ConverseEventDecoder(options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES);
}

/** `p` is padding against guessing by length. */
const START = shape({ role: STRING, p: STRING });
const STOP = shape({ stopReason: STRING, additionalModelResponseFields: OBJECT, p: STRING });
const METADATA = shape({ usage: OBJECT, p: STRING });

const FAILURES: Readonly<Record<EventStreamFailureKind, readonly [kind: WireErrorKind, message: string]>> = {
  frame_too_large: ['frame-too-large', 'An event of the stream is too large.'],
  malformed_frame: ['malformed', 'The stream is no AWS event stream.'],
  truncated: ['incomplete', 'The stream ended inside an event.'],
};

class ConverseEventDecoder extends EventDecoder implements BlockSink {
  readonly #splitter: EventStreamSplitter;
  readonly #maxHeld: number;
  readonly #blocks = new Map<number, StreamBlock>();
  #started = false;
  #parts = 0;
  #held = 0;
  #lastBlock = 0;
  #stop: JsonFields | null = null;
  #sawMetadata = false;

  constructor(maxFrameBytes: number) {
    super();
    this.#splitter = new EventStreamSplitter(maxFrameBytes);
    this.#maxHeld = maxFrameBytes;
  }

  override emit(event: StreamEvent): void {
    super.emit(event);
  }

  nextPart(): number {
    return this.#parts++;
  }

  hold(chars: number): boolean {
    this.#held += chars;
    if (this.#held > this.#maxHeld) this.fail(wireError('frame-too-large', 'A block of the stream is too large.'));
    return true;
  }

  protected override consume(chunk: Buffer): void {
    for (const message of this.#splitter.push(chunk)) if (!this.over) this.#message(message);
    this.#checkSplitter();
  }

  protected override finish(): void {
    this.#splitter.end();
    this.#checkSplitter();
    if (!this.over && this.#stop !== null) this.#close();
  }

  #checkSplitter(): void {
    if (this.#splitter.failureKind !== null) this.fail(wireError(...FAILURES[this.#splitter.failureKind]));
  }

  #message({ headers, payload }: EventStreamMessage): void {
    const value = parsed(payload.toString('utf8'));
    if (headers.get(':message-type') !== 'event') {
      this.fail(errorOfFrame(headers, value));
      return;
    }
    if (!isFields(value)) {
      this.fail(wireError('malformed', 'An event of the stream is no JSON object.'));
      return;
    }
    this.#event(headers.get(':event-type') ?? '', value);
  }

  #event(type: string, event: JsonFields): void {
    if (!this.#started) this.#start(type === 'messageStart' ? event : {});
    // Nearly all events are deltas.
    if (type === 'contentBlockDelta') this.#delta(event);
    else if (type === 'contentBlockStart') this.#block(event)?.start(objectOf(event, 'start') ?? {});
    else if (type === 'contentBlockStop') this.#endBlock(event);
    else this.#messageEvent(type, event);
  }

  #messageEvent(type: string, event: JsonFields): void {
    if (type === 'metadata') {
      this.#metadata(event);
    } else if (type === 'messageStop') {
      this.#stop ??= event;
      if (this.#sawMetadata) this.#close();
    } else if (type !== 'messageStart') {
      this.#extend({ [FORMAT]: { [`${type}.`]: event } });
    }
  }

  #start(event: JsonFields): void {
    this.#started = true;
    this.emit({ type: 'answer-start', source: FORMAT, extensions: restOf(event, START, FORMAT) });
  }

  /** A missing index is that of the block before. */
  #indexOf(event: JsonFields): number {
    const index = event['contentBlockIndex'];
    return typeof index === 'number' ? index : this.#lastBlock;
  }

  #block(event: JsonFields): StreamBlock | null {
    const index = this.#indexOf(event);
    this.#lastBlock = index;
    let block = this.#blocks.get(index);
    if (block === undefined) {
      if (this.#blocks.size >= MAX_OPEN_BLOCKS) {
        this.fail(wireError('malformed', 'The stream has too many blocks at a time.'));
        return null;
      }
      block = new StreamBlock(this);
      this.#blocks.set(index, block);
    }
    return block;
  }

  #delta(event: JsonFields): void {
    const delta = objectOf(event, 'delta');
    if (delta === undefined || this.#block(event)?.delta(delta) !== false) return;
    this.fail(wireError('malformed', 'A block of the stream has no beginning.'));
  }

  #endBlock(event: JsonFields): void {
    const index = this.#indexOf(event);
    this.#blocks.get(index)?.stop();
    this.#blocks.delete(index);
  }

  #metadata(event: JsonFields): void {
    this.#sawMetadata = true;
    const raw = objectOf(event, 'usage');
    const usage = raw === undefined ? null : readConverseUsage(raw);
    if (raw !== undefined && usage !== null)
      this.emit({ type: 'usage-update', usage, raw: { format: FORMAT, value: raw } });
    this.#extend(rest(event, METADATA));
    if (this.#stop !== null) this.#close();
  }

  #extend(extensions: Extensions | undefined): void {
    if (extensions !== undefined) this.emit({ type: 'extensions-add', extensions });
  }

  #close(): void {
    for (const block of this.#blocks.values()) block.stop();
    const stop = this.#stop ?? {};
    this.#extend(withAdditional(rest(stop, STOP), stop));
    const reason = textOf(stop, 'stopReason');
    const finish = reason === undefined ? ({ reason: 'other' } as const) : finishOf(reason, stopSequenceIn(stop));
    this.emit({ type: 'choice-finish', choice: 0, finish });
    this.complete();
  }
}

function rest(event: JsonFields, table: Shape): Extensions | undefined {
  return restOf(event, table, FORMAT);
}
