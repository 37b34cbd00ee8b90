import { type LossReport, type PartEnd, type PartStart, type StreamEvent, wireError } from '../protocol/index.js';
import { CustomCalls } from './custom-calls.js';
import { JsonEnd } from './json-end.js';

/** Characters of parts held back at a time. */
const MAX_WAITING_CHARS = 1 << 20;

type PartEvent = Extract<StreamEvent, { readonly index: number }>;

/** A part whose turn has not come. */
interface WaitingPart {
  readonly index: number;
  readonly events: PartEvent[];
  ended: boolean;
}

/**
 * Puts the parts of the first choice in a row, for formats that know only one open part at a time. They know functions only,
 * too: see `CustomCalls`.
 *
 * A tool call whose arguments are whole JSON makes room for the next part at once, so calls that come one after the other
 * (all known providers) are never held back. Where deltas of several parts really interleave, the later parts wait, whole,
 * until the earlier one is closed or the choice ends. More than a million characters waiting is an `error`. Events of other
 * choices pass untouched.
 */
export class PartQueue {
  readonly #report: LossReport;
  readonly #custom = new CustomCalls();
  #current = -1;
  /** Of the current part, where it is a tool call. */
  #json: JsonEnd | null = null;
  #waiting: WaitingPart[] = [];
  #waitingChars = 0;
  /** Parts closed before their own end came. */
  readonly #closedEarly = new Set<number>();
  #failed = false;

  constructor(report: LossReport) {
    this.#report = report;
  }

  push(event: StreamEvent): readonly StreamEvent[] {
    if (this.#custom.concerns(event)) return this.#custom.push(event).flatMap((one) => this.#one(one));
    return this.#one(event);
  }

  #one(event: StreamEvent): readonly StreamEvent[] {
    if (this.#failed) return [];
    if (isPartEvent(event)) return event.choice === 0 ? this.#part(event) : [event];
    if (endsParts(event)) return [...this.#drain(), event];
    return [event];
  }

  #part(event: PartEvent): readonly StreamEvent[] {
    if (event.type === 'part-start') return this.#start(event);
    if (event.index === this.#current) return this.#ofCurrent(event);
    if (this.#closedEarly.has(event.index)) return this.#late(event);
    return this.#hold(event);
  }

  #start(event: PartStart): readonly StreamEvent[] {
    if (this.#current < 0) return [this.#open(event)];
    if (this.#json?.closed !== true || this.#waiting.length > 0) {
      this.#waiting.push({ index: event.index, events: [event], ended: false });
      return [];
    }
    return [this.#closeEarly(), this.#open(event)];
  }

  #open(event: PartStart): PartStart {
    this.#current = event.index;
    this.#json = event.part.type === 'tool-call' ? new JsonEnd() : null;
    return event;
  }

  #closeEarly(): PartEnd {
    this.#closedEarly.add(this.#current);
    return { type: 'part-end', choice: 0, index: this.#current };
  }

  #ofCurrent(event: PartEvent): readonly StreamEvent[] {
    if (event.type === 'part-end') {
      this.#current = -1;
      return this.#waiting.length === 0 ? [event] : [event, ...this.#next()];
    }
    if (event.type === 'arguments-delta') this.#json?.push(event.text);
    if (this.#json?.closed !== true || this.#waiting.length === 0) return [event];
    return [event, this.#closeEarly(), ...this.#next()];
  }

  /** For a part that was closed because its arguments were whole: only its own end can follow. */
  #late(event: PartEvent): readonly StreamEvent[] {
    const text = 'text' in event ? event.text : '';
    if (text.trim() !== '') this.#report.add('choices[0].parts', 'text behind whole JSON arguments left out');
    return [];
  }

  #hold(event: PartEvent): readonly StreamEvent[] {
    const part = this.#waiting.find(({ index }) => index === event.index);
    if (part === undefined) return [];
    part.events.push(event);
    if (event.type === 'part-end') part.ended = true;
    this.#waitingChars += 64 + ('text' in event ? event.text.length : 0);
    if (this.#waitingChars <= MAX_WAITING_CHARS) return [];
    this.#failed = true;
    return [{ type: 'error', error: wireError('frame-too-large', 'Too much of interleaved parts to hold back.') }];
  }

  /** The waiting parts that can go now: all that have ended or whose arguments are whole, and the one behind them. */
  #next(): StreamEvent[] {
    const out: StreamEvent[] = [];
    this.#current = -1;
    while (this.#current < 0) {
      const part = this.#waiting.shift();
      if (part === undefined) break;
      for (const event of part.events) out.push(event.type === 'part-start' ? this.#open(event) : this.#tracked(event));
      if (part.ended) this.#current = -1;
      else if (this.#json?.closed === true && this.#waiting.length > 0) {
        out.push(this.#closeEarly());
        this.#current = -1;
      }
    }
    this.#waitingChars = this.#waiting.length === 0 ? 0 : this.#waitingChars;
    return out;
  }

  #tracked(event: PartEvent): PartEvent {
    if (event.type === 'arguments-delta') this.#json?.push(event.text);
    return event;
  }

  /** The choice ends: everything goes. */
  #drain(): StreamEvent[] {
    const out: StreamEvent[] = [];
    while (this.#current >= 0) {
      out.push({ type: 'part-end', choice: 0, index: this.#current });
      out.push(...this.#next());
    }
    this.#closedEarly.clear();
    return out;
  }
}

function isPartEvent(event: StreamEvent): event is PartEvent {
  return 'index' in event;
}

function endsParts(event: StreamEvent): boolean {
  if (event.type === 'choice-finish') return event.choice === 0;
  return event.type === 'answer-end' || event.type === 'error';
}
