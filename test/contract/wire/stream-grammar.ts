import type { StreamEvent } from '../../../libs/protocol/index.js';

/** What deltas each kind of part may have. */
const DELTAS: Readonly<Record<string, readonly string[]>> = {
  'text-delta': ['text'],
  'reasoning-delta': ['reasoning'],
  'summary-delta': ['reasoning'],
  'refusal-delta': ['refusal'],
  'arguments-delta': ['tool-call', 'builtin-call'],
  'audio-delta': ['audio'],
  'citation-add': ['text'],
};

/** What is wrong with the order of these events; empty when nothing is. Written from the words of `StreamEvent`. */
export function grammarFaults(events: readonly StreamEvent[]): string[] {
  const faults: string[] = [];
  const open = new Map<string, string>();
  const started = new Map<number, number>();
  const finished = new Set<number>();
  events.forEach((event, at) => {
    const fault = (what: string): number => faults.push(`${String(at)} ${event.type}: ${what}`);
    const isLast = at === events.length - 1;
    if (at === 0 && event.type !== 'answer-start' && event.type !== 'error') fault('is the first event');
    if (at > 0 && event.type === 'answer-start') fault('again');
    if (isLast !== (event.type === 'answer-end' || event.type === 'error'))
      fault(isLast ? 'is the last event' : 'too early');
    if (
      'choice' in event &&
      event.choice !== undefined &&
      event.type !== 'extensions-add' &&
      finished.has(event.choice)
    )
      fault('behind the finish of its choice');
    if (event.type === 'choice-finish') {
      finished.add(event.choice);
      for (const key of open.keys()) if (key.startsWith(`${String(event.choice)}/`)) fault(`part ${key} is open`);
    }
    if (!('index' in event)) return;
    const key = `${String(event.choice)}/${String(event.index)}`;
    if (event.type === 'part-start') {
      if (event.index !== (started.get(event.choice) ?? 0)) fault(`part ${key} out of order`);
      started.set(event.choice, event.index + 1);
      open.set(key, event.part.type);
      const begun = event.part as { text?: string; arguments?: string };
      if (DELTAS['text-delta']?.includes(event.part.type) === true && begun.text !== '') fault('begins with text');
      if (event.part.type === 'tool-call' && begun.arguments !== '') fault('begins with arguments');
      return;
    }
    const kind = open.get(key);
    if (kind === undefined) fault(`part ${key} is not open`);
    else if (event.type === 'part-end') open.delete(key);
    else if (DELTAS[event.type]?.includes(kind) === false) fault(`on a ${kind} part`);
  });
  return faults;
}

/** The same events with deltas of the same part joined: what does not depend on how a provider cut its text. */
export function joinedEvents(events: readonly StreamEvent[]): StreamEvent[] {
  const joined: StreamEvent[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    if (isText(event) && last !== undefined && isText(last) && last.type === event.type && samePart(last, event))
      joined[joined.length - 1] = { ...last, text: last.text + event.text };
    else joined.push(event);
  }
  return joined;
}

type TextEvent = Extract<StreamEvent, { text: string }>;

function isText(event: StreamEvent): event is TextEvent {
  return 'text' in event;
}

function samePart(one: TextEvent, other: TextEvent): boolean {
  return one.choice === other.choice && one.index === other.index;
}

/** Events of one kind of text, joined over all parts of a choice. */
export function textIn(events: readonly StreamEvent[], type: TextEvent['type'], choice = 0): string {
  return events
    .filter((event): event is TextEvent => event.type === type && (event as TextEvent).choice === choice)
    .map(({ text }) => text)
    .join('');
}

/** Tool calls of a choice in the order of their beginnings. */
export function callsIn(events: readonly StreamEvent[], choice = 0): { id: string; name: string; arguments: string }[] {
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  for (const event of events) {
    if (event.type === 'part-start' && event.choice === choice && event.part.type === 'tool-call')
      calls.set(event.index, { id: event.part.id, name: event.part.name, arguments: '' });
    else if (event.type === 'arguments-delta' && event.choice === choice) {
      const call = calls.get(event.index);
      if (call !== undefined) call.arguments += event.text;
    }
  }
  return [...calls.values()];
}
