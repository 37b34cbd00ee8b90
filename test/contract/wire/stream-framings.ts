import { encodeEventStreamMessage } from '../../../libs/streaming/index.js';

/** One event of a stream before it is bytes. */
export interface Doc {
  /** The `event:` field, or the event type of an AWS message. */
  readonly event?: string;
  /** JSON; a string is the data itself. */
  readonly data: unknown;
}

export type Framing = 'sse' | 'ndjson' | 'aws';

/** Ways to write the same events that mean the same. */
export interface Style {
  readonly lineEnd?: string;
  /** What stands behind `data:`. */
  readonly space?: string;
  readonly bom?: boolean;
  /** Comments, ids and retry times between and within events. */
  readonly noise?: boolean;
  /** JSON over several lines. */
  readonly indented?: boolean;
  /** The blank line behind the last event is missing. */
  readonly openEnd?: boolean;
}

export const STYLES: Readonly<Record<string, Style>> = {
  'LF, a space': {},
  CRLF: { lineEnd: '\r\n' },
  CR: { lineEnd: '\r' },
  'no space behind data:': { space: '' },
  'a byte order mark': { bom: true },
  'comments, ids and retry times': { noise: true },
  'JSON over several lines': { indented: true },
  'no blank line at the end': { openEnd: true },
  'everything odd at once': { lineEnd: '\r\n', space: '', bom: true, noise: true, indented: true, openEnd: true },
};

/** Styles that the framing knows. */
export function stylesOf(framing: Framing): [string, Style][] {
  const known: Record<Framing, (style: Style) => boolean> = {
    sse: () => true,
    ndjson: ({ lineEnd = '\n', noise = false, indented = false, bom = false }) =>
      lineEnd !== '\r' && !noise && !indented && !bom,
    aws: (style) => Object.keys(style).length === 0,
  };
  return Object.entries(STYLES).filter(([, style]) => known[framing](style));
}

/** The bytes of a stream, one buffer an event. */
export function framed(framing: Framing, docs: readonly Doc[], style: Style = {}): Buffer[] {
  return docs.map((doc, at) => {
    const last = at === docs.length - 1;
    const bytes = FRAMERS[framing](doc, style, last);
    return at === 0 && style.bom === true ? Buffer.concat([Buffer.from('\uFEFF'), bytes]) : bytes;
  });
}

const FRAMERS: Readonly<Record<Framing, (doc: Doc, style: Style, last: boolean) => Buffer>> = {
  sse: ({ event, data }, { lineEnd = '\n', space = ' ', noise = false, indented = false, openEnd = false }, last) => {
    const lines = textOf(data, indented)
      .split('\n')
      .map((line) => `data:${space}${line}`);
    if (event !== undefined) lines.unshift(`event:${space}${event}`);
    if (noise) lines.unshift(': a comment', '', ':', '', 'id: 7', 'retry: 1000', 'unknown: field');
    if (noise) lines.push(': inside an event');
    return Buffer.from([...lines, ...(last && openEnd ? [] : ['', ''])].join(lineEnd));
  },
  ndjson: ({ data }, { lineEnd = '\n', openEnd = false }, last) =>
    Buffer.from(textOf(data, false) + (last && openEnd ? '' : lineEnd)),
  aws: ({ event = 'unknown', data }) =>
    encodeEventStreamMessage(
      event.startsWith(':')
        ? { ':message-type': 'exception', ':exception-type': event.slice(1), ':content-type': 'application/json' }
        : { ':message-type': 'event', ':event-type': event, ':content-type': 'application/json' },
      textOf(data, false),
    ),
};

function textOf(data: unknown, indented: boolean): string {
  return typeof data === 'string' ? data : JSON.stringify(data, null, indented ? 1 : undefined);
}
