/**
 * What every wire format has to hold on recorded traffic of real providers. A format registers itself with
 * `describeFormat({format, wires, …})` in `<format>.spec.ts`; everything else is here.
 */
import fc from 'fast-check';
import {
  type CanonicalAnswer,
  type CanonicalRequest,
  type FormatId,
  GatewayError,
  type JsonFields,
  LossReport,
  type StreamEvent,
} from '../../../libs/protocol/index.js';
import type { RequestOrigin, WireFormat } from '../../../libs/wire/index.js';
import {
  ALL_FORMATS,
  expectNoSurprise,
  expectNoThrow,
  expectOrder,
  expectSameAnswer,
  expectSameRequest,
  expectSameStream,
  mutated,
} from './format-bridges.js';
import { type Exchange, exchangesOf, haveRecordings } from './recorded-exchanges.js';
import { callsIn, grammarFaults, joinedEvents, textIn } from './stream-grammar.js';

/** Why a field is not as it was, or has no place in the model: the reason is for the reader. */
export type Reasons = Readonly<Record<string, string>>;

/** What a stream says, as a reader that knows nothing of the codec finds it in its documents. */
export interface Said {
  readonly text: string;
  /** Arguments of all tool calls, joined, in the order of the calls. */
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
  readonly finished: boolean;
}

export interface FormatUnderTest {
  readonly format: WireFormat;
  /** Folders of the recordings. */
  readonly wires: readonly string[];
  /**
   * Unknown fields that may be met, by their path without indices: `choices.message.annotations`. A field that is met and not
   * listed fails the test, so that nothing known goes unread.
   */
  readonly extensions: Reasons;
  /** Parts and tools that stay as their format wrote them, by type. */
  readonly opaque?: Reasons;
  /** What the URL of the exchange says. */
  readonly origin?: (exchange: Exchange) => RequestOrigin;
  /** Makes the recorded body what is written back, for differences on the reasoned list of the format's spec. */
  readonly asWritten?: {
    readonly request?: (body: JsonFields, exchange: Exchange) => unknown;
    readonly answer?: (body: JsonFields, exchange: Exchange) => unknown;
  };
  /** The bytes of a recorded stream, `null` for what is none. */
  readonly streamBytes: (exchange: Exchange) => Buffer | null;
  /** Whether the recorded stream reports an error inside. */
  readonly failsInside?: (exchange: Exchange) => boolean;
  readonly said: (exchange: Exchange) => Said;
  /** A stream of these documents, as the format frames them; absent where the recordings are frames already. */
  readonly documents: {
    readonly of: (bytes: Buffer) => readonly unknown[];
    readonly framed: (documents: readonly unknown[]) => Buffer;
  };
}

const there = haveRecordings ? describe : describe.skip;

/** jest wants at least one row. */
function rows<T>(given: readonly [string, T][]): [string, T][] {
  return given.length > 0 ? [...given] : [['recordings are absent from ../shared/wire', {} as T]];
}

export function describeFormat(under: FormatUnderTest): void {
  const exchanges = exchangesOf(under.wires);
  const streams = exchanges.filter(([, exchange]) => under.streamBytes(exchange) !== null);
  there(`recorded exchanges of ${under.format.id}`, () => {
    describeRequests(under, exchanges);
    describeAnswers(under, exchanges);
    describeErrors(under, exchanges);
    describeStreams(under, streams);
  });
}

function describeRequests(under: FormatUnderTest, exchanges: readonly [string, Exchange][]): void {
  const { format } = under;
  const requests = exchanges.filter(([, { request }]) => isRecord(request?.body));
  it.each(rows(requests))('%s: the request comes back as it was', (_, exchange) => {
    const body = exchange.request!.body as JsonFields;
    const request = decodeRequest(under, exchange);
    if (request === null) return;
    expect(unexplained(request, under)).toEqual([]);
    const report = new LossReport(request.source, format.id);
    const encoded = JSON.parse(JSON.stringify(format.encodeRequest(request, { report }).body)) as unknown;
    expect(encoded).toEqual(under.asWritten?.request?.(structuredClone(body), exchange) ?? body);
    expect(report.summary()).toEqual({ bridged: false, lossy: false, reasons: [] });
  });

  it.each(rows(requests))('%s: the request is told in every other format', (_, exchange) => {
    const request = decodeRequest(under, exchange);
    if (request === null) return;
    for (const target of ALL_FORMATS) if (target !== format) expectSameRequest(request, target);
  });

  it.each(rows(requests))('%s: anything in a field is refused or carried', (_, exchange) => {
    fc.assert(
      fc.property(mutated(exchange.request!.body), (body) => expectNoSurprise(format, body)),
      { numRuns: 20 },
    );
  });
}

/** `null` for a request that the provider refused and that the codec refuses too. */
function decodeRequest({ format, origin }: FormatUnderTest, exchange: Exchange): CanonicalRequest | null {
  try {
    return format.decodeRequest(structuredClone(exchange.request!.body), origin?.(exchange));
  } catch (error) {
    if (error instanceof GatewayError && exchange.response.status >= 400) return null;
    throw error;
  }
}

function describeAnswers(under: FormatUnderTest, exchanges: readonly [string, Exchange][]): void {
  const { format } = under;
  const answers = exchanges.filter(([, { response }]) => response.status === 200 && isRecord(response.body));
  it.each(rows(answers))('%s: the answer comes back as it was', (_, exchange) => {
    const body = exchange.response.body as JsonFields;
    const decoded = format.decodeAnswer(Buffer.from(JSON.stringify(body)));
    if (exchange.tags.includes('error')) {
      expect(decoded.ok).toBe(false);
      return;
    }
    if (!decoded.ok) throw new Error(decoded.error.message);
    expect(unexplained(decoded.value, under)).toEqual([]);
    const report = new LossReport(decoded.value.source, format.id);
    const written = format.encodeAnswer(decoded.value, { report, id: 'made-up', created: 0, model: null });
    const encoded = JSON.parse(JSON.stringify(written)) as unknown;
    expect(encoded).toEqual(under.asWritten?.answer?.(structuredClone(body), exchange) ?? body);
    expect(report.summary().reasons).toEqual([]);
  });

  it.each(rows(answers))('%s: the answer says the same in every other format', (_, { response, tags }) => {
    const decoded = format.decodeAnswer(Buffer.from(JSON.stringify(response.body)));
    if (tags.includes('error') || !decoded.ok) return;
    for (const target of ALL_FORMATS) if (target !== format) expectSameAnswer(decoded.value, target);
  });

  it.each(rows(answers))('%s: anything in a field of the answer is an error or carried', (_, { response }) => {
    fc.assert(
      fc.property(mutated(response.body), (body) => expectNoThrow(format, Buffer.from(JSON.stringify(body)))),
      { numRuns: 20 },
    );
  });
}

function describeErrors(under: FormatUnderTest, exchanges: readonly [string, Exchange][]): void {
  const errors = exchanges.filter(([, { response }]) => response.status >= 400);
  it.each(rows(errors))('%s: the error is understood', (_, { response }) => {
    const text = response.text ?? (typeof response.body === 'string' ? response.body : JSON.stringify(response.body));
    const error = under.format.decodeError({
      status: response.status,
      headers: response.headers ?? {},
      body: Buffer.from(text),
      nowMs: 0,
    });
    expect(error.status).toBe(response.status);
    expect(error.kind).not.toBe('unknown');
    expect(error.message).not.toBe('');
    const encoded = under.format.encodeError(error, 'req-1');
    expect(encoded.status).toBe(response.status);
    expect(JSON.stringify(encoded.body)).toContain(JSON.stringify(error.message));
  });
}

function describeStreams(under: FormatUnderTest, streams: readonly [string, Exchange][]): void {
  const { format, streamBytes, said, failsInside = (): boolean => false } = under;

  it.each(rows(streams))('%s: the stream is read to its end', (_, exchange) => {
    const events = decodeAll(format, [streamBytes(exchange)!]);
    expect(grammarFaults(events)).toEqual([]);
    expect(unexplained(events, under)).toEqual([]);
    if (failsInside(exchange)) {
      const last = events.at(-1);
      expect(last?.type).toBe('error');
      expect(last?.type === 'error' && ['malformed', 'incomplete'].includes(last.error.kind)).toBe(false);
      return;
    }
    const expected = said(exchange);
    expect(events.at(-1)).toEqual({ type: 'answer-end' });
    expect(textIn(events, 'text-delta')).toBe(expected.text);
    const calls = callsIn(events);
    expect(calls.map(({ name, arguments: text }) => ({ name, arguments: text }))).toEqual(expected.calls);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
    const finish = events.find((event) => event.type === 'choice-finish');
    expect(finish?.finish.reason !== 'other').toBe(expected.finished);
  });

  it.each(rows(streams))('%s: any cut of the bytes gives the same events', (_, exchange) => {
    const bytes = streamBytes(exchange)!;
    const whole = decodeAll(format, [bytes]);
    const single = Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
    expect(decodeAll(format, single)).toEqual(whole);
    const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 30 });
    fc.assert(
      fc.property(cuts, (places) => {
        expect(decodeAll(format, cut(bytes, places))).toEqual(whole);
      }),
      { numRuns: 10 },
    );
  });

  it.each(rows(streams))('%s: a stream that breaks off never ends well', (_, exchange) => {
    const bytes = streamBytes(exchange)!;
    const ends = decodeAll(format, [bytes]).at(-1)?.type;
    fc.assert(
      fc.property(fc.nat({ max: bytes.length }), (at) => {
        const decoder = format.decodeEvents();
        const before = decoder.push(bytes.subarray(0, at));
        const events = [...before, ...decoder.end()];
        expect(grammarFaults(events)).toEqual([]);
        const told = before.at(-1)?.type;
        if (told === 'answer-end' || told === 'error') expect(told).toBe(ends);
        else if (events.at(-1)?.type === 'answer-end') expect(isWholeWithout(format, bytes.subarray(at))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it.each(rows(streams))('%s: written and read again it says the same', (_, exchange) => {
    const events = decodeAll(format, [streamBytes(exchange)!]);
    const report = new LossReport(format.id, format.id);
    const encoder = format.encodeEvents({ report, id: 'made-up', created: 0, model: null, includeUsage: true });
    const written = events.map((event) => Buffer.from(encoder.push(event)));
    expect(report.summary().reasons).toEqual([]);
    expect(essence(decodeAll(format, written))).toEqual(essence(events));
  });

  it.each(rows(streams))('%s: the stream says the same in every other format', (_, exchange) => {
    const events = decodeAll(format, [streamBytes(exchange)!]);
    for (const target of ALL_FORMATS) if (target !== format) expectSameStream(events, target);
  });

  it.each(rows(streams))('%s: anything in a field of an event keeps the order', (_, exchange) => {
    const { of, framed } = under.documents;
    // Long streams repeat themselves.
    const documents = of(streamBytes(exchange)!);
    const short = documents.length > 60 ? [...documents.slice(0, 30), ...documents.slice(-30)] : documents;
    fc.assert(
      fc.property(mutated(short), (changed) =>
        expectOrder(format, framed(Array.isArray(changed) ? changed : [changed])),
      ),
      { numRuns: 20 },
    );
  });
}

/** Whether what is cut off says nothing: blank lines, end marks, usage, keep-alives. Read as a stream it gives no parts. */
function isWholeWithout(format: WireFormat, rest: Buffer): boolean {
  const decoder = format.decodeEvents();
  return ![...decoder.push(rest), ...decoder.end()].some((event) => 'index' in event || event.type === 'choice-finish');
}

function decodeAll(format: WireFormat, chunks: readonly Buffer[]): StreamEvent[] {
  const decoder = format.decodeEvents();
  const events = chunks.flatMap((chunk) => [...decoder.push(chunk)]);
  return [...events, ...decoder.end()];
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...[...places].sort((one, other) => one - other), bytes.length];
  return sorted.slice(1).map((to, at) => bytes.subarray(sorted[at]!, to));
}

/** What a stream means: without keep-alives, usage but the last, the providers' own fields and how texts were cut. */
function essence(events: readonly StreamEvent[]): unknown[] {
  const usage = events.findLast((event) => event.type === 'usage-update');
  const meant = events.filter(({ type }) => !['keep-alive', 'usage-update', 'extensions-add'].includes(type));
  const joined = joinedEvents(meant).map((event) => withoutForms(plain(event)));
  return [...joined, usage];
}

/** Without the ids an encoder has to make up where the provider gave none, and with an error's meaning only. */
function plain(event: StreamEvent): StreamEvent {
  if (event.type === 'answer-start' && event.id === 'made-up') return { ...event, id: undefined };
  if (event.type !== 'error') return event;
  const { kind, message } = event.error;
  return { type: 'error', error: { kind, message, status: 0, retryable: false } };
}

/** Without `extensions`, `form` and fields that are undefined, at any depth. */
function withoutForms(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutForms);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([name, one]) => !FORMS.has(name) && one !== undefined);
  return Object.fromEntries(kept.map(([name, one]) => [name, withoutForms(one)]));
}

const FORMS = new Set(['extensions', 'form', 'forms']);

/** Unknown fields and opaque things in a decoded value that are not on the list. */
function unexplained(
  value: CanonicalRequest | CanonicalAnswer | readonly StreamEvent[],
  { extensions, opaque = {}, format }: FormatUnderTest,
): string[] {
  const found = new Set<string>();
  collect(value, '', format.id, found);
  return [...found].filter((name) => {
    if (name.startsWith('opaque ')) return !(name.slice(7) in opaque);
    return !(name in extensions);
  });
}

function collect(value: unknown, path: string, format: FormatId, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, path, format, found);
    return;
  }
  if (!isRecord(value)) return;
  if (value['type'] === 'opaque') found.add(`opaque ${typeOf(value['value'])}`);
  const own = (value['extensions'] as Record<string, JsonFields> | undefined)?.[format];
  if (own !== undefined) addFields(own, path, found);
  for (const [name, one] of Object.entries(value)) {
    if (name === 'extensions' || name === 'raw' || name === 'rawUsage' || name === 'value') continue;
    collect(one, STRUCTURE.has(name) ? path : path === '' ? name : `${path}.${name}`, format, found);
  }
}

/** Levels that the path of a field leaves out. */
const STRUCTURE = new Set(['part', 'finish']);

function addFields(fields: JsonFields, path: string, found: Set<string>): void {
  for (const [name, value] of Object.entries(fields)) {
    const at = path === '' ? name : `${path}.${name}`;
    if (name.endsWith('.') && isRecord(value)) addFields(value, at.slice(0, -1), found);
    else if (value !== null && !(Array.isArray(value) && value.length === 0)) found.add(at);
  }
}

function typeOf(value: unknown): string {
  return isRecord(value) && typeof value['type'] === 'string' ? value['type'] : typeof value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
