import type { PartStart, StreamEvent, TextDelta } from '../protocol/index.js';

/**
 * Puts the calls of custom tools, whose arguments are free text, into the JSON `{"input": text}` while they are streamed, for
 * formats that know functions only. Of the first choice.
 */
export class CustomCalls {
  readonly #open = new Set<number>();

  /** Whether an event changes by it. All others pass as they are. */
  concerns(event: StreamEvent): boolean {
    if (event.type === 'part-start') return isCustom(event);
    if (this.#open.size === 0) return false;
    return event.type === 'arguments-delta' || event.type === 'part-end' || endsParts(event);
  }

  push(event: StreamEvent): StreamEvent[] {
    if (event.type === 'part-start') return this.#start(event);
    if (event.type === 'arguments-delta' && this.#open.has(event.index))
      // Half a surrogate pair is escaped by itself: the halves meet again when the whole is parsed.
      return [{ ...event, text: JSON.stringify(event.text).slice(1, -1) }];
    if (event.type === 'part-end')
      return this.#open.delete(event.index) ? [deltaOf(event.index, '"}'), event] : [event];
    return endsParts(event) ? [...this.#endAll(), event] : [event];
  }

  #start(event: PartStart): StreamEvent[] {
    if (event.part.type !== 'tool-call') return [event];
    this.#open.add(event.index);
    return [{ ...event, part: { ...event.part, kind: undefined } }, deltaOf(event.index, '{"input":"')];
  }

  #endAll(): StreamEvent[] {
    const ends = [...this.#open].map((index) => deltaOf(index, '"}'));
    this.#open.clear();
    return ends;
  }
}

function isCustom({ choice, part }: PartStart): boolean {
  return choice === 0 && part.type === 'tool-call' && part.kind === 'custom';
}

function endsParts({ type }: StreamEvent): boolean {
  return type === 'choice-finish' || type === 'answer-end';
}

function deltaOf(index: number, text: string): TextDelta {
  return { type: 'arguments-delta', choice: 0, index, text };
}
