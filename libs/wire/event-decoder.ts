import { type StreamEvent, type TextDelta, type WireError, wireError } from '../protocol/index.js';
import { SseFramer } from '../streaming/index.js';
import { RepeatedText } from './repeated-text.js';
import type { StreamDecoder } from './wire-format.js';

/** The most bytes of one event where nothing else is said: whole images come in one. */
export const DEFAULT_MAX_FRAME_BYTES: number = 4 << 20;

const NOTHING: readonly StreamEvent[] = Object.freeze([]);

/**
 * The frame of every stream decoder: gathers events, ends exactly once, and turns whatever goes wrong into an `error`.
 * Subclasses take bytes in `consume` and say in `finish` whether the end of the bytes is a good one.
 */
export abstract class EventDecoder implements StreamDecoder {
  #events: StreamEvent[] = [];
  #over = false;

  push(chunk: Buffer): readonly StreamEvent[] {
    if (this.#over) return NOTHING;
    try {
      this.consume(chunk);
    } catch {
      // A decoder that trips over something has met what its format does not send.
      this.fail(wireError('malformed', 'The stream could not be read.'));
    }
    return this.#taken();
  }

  end(): readonly StreamEvent[] {
    if (this.#over) return NOTHING;
    try {
      this.finish();
    } catch {
      this.fail(wireError('malformed', 'The stream could not be read.'));
    }
    // Does nothing where the end was told.
    this.fail(wireError('incomplete', 'The stream ended before it was complete.'));
    return this.#taken();
  }

  /** Takes the next bytes. */
  protected abstract consume(chunk: Buffer): void;

  /** The bytes have ended. A format whose end is the end of the bytes calls `complete` here, if all was there. */
  protected abstract finish(): void;

  protected get over(): boolean {
    return this.#over;
  }

  /** The events of the bytes at hand so far. */
  protected get gathered(): readonly StreamEvent[] {
    return this.#events;
  }

  protected emit(event: StreamEvent): void {
    if (!this.#over) this.#events.push(event);
  }

  /** The answer is complete. */
  protected complete(): void {
    this.emit({ type: 'answer-end' });
    this.#over = true;
  }

  /** The stream has failed: the error is its last event. */
  protected fail(error: WireError): void {
    this.emit({ type: 'error', error });
    this.#over = true;
  }

  #taken(): readonly StreamEvent[] {
    if (this.#events.length === 0) return NOTHING;
    const taken = this.#events;
    this.#events = [];
    return taken;
  }
}

/** A decoder of server-sent events. */
export abstract class SseEventDecoder extends EventDecoder {
  readonly #framer: SseFramer;

  constructor(maxFrameBytes: number = DEFAULT_MAX_FRAME_BYTES) {
    super();
    this.#framer = new SseFramer(maxFrameBytes, (data, event) => {
      if (!this.over) this.frame(data, event);
    });
  }

  /** One event with data. */
  protected abstract frame(data: string, event: string | null): void;

  /** Called behind the last frame, when the end was not told in it. */
  protected override finish(): void {
    this.#framer.end();
    this.#checkSize();
  }

  protected override consume(chunk: Buffer): void {
    this.#framer.push(chunk);
    this.#checkSize();
  }

  #checkSize(): void {
    if (this.#framer.tooLarge) this.fail(wireError('frame-too-large', 'An event of the stream is too large.'));
  }
}

/** The same for formats where most frames are alike but for their text: such frames are read once. */
export abstract class AlikeSseEventDecoder extends SseEventDecoder {
  readonly #repeated = new RepeatedText();

  /** One event with data that is not blank, without blanks around it: some providers pad theirs against guessing. */
  protected abstract read(data: string, event: string | null): void;

  /** A frame like the one before, with other words. A decoder that remembers anything of texts learns of them here. */
  protected alike(delta: TextDelta): void {
    this.emit(delta);
  }

  protected override frame(padded: string, event: string | null): void {
    const data = padded.trim();
    // Empty data is a keep-alive of some proxies.
    if (data === '') return;
    const delta = this.#repeated.find(data, event);
    if (delta !== null) {
      this.alike(delta);
      return;
    }
    const before = this.gathered.length;
    this.read(data, event);
    const said = this.gathered.length === before + 1 ? this.gathered[before]! : null;
    this.#repeated.note(data, event, said);
  }
}
