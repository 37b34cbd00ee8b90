/** What holds between any two formats, on the same recorded traffic as `format-contract.ts`. */
import fc from 'fast-check';
import {
  type CanonicalAnswer,
  type CanonicalRequest,
  type FinishReason,
  GatewayError,
  LossReport,
  type Part,
  type StreamEvent,
} from '../../../libs/protocol/index.js';
import { WIRE_FORMATS, type WireFormat } from '../../../libs/wire/index.js';
import { callsIn, grammarFaults, textIn } from './stream-grammar.js';

export const ALL_FORMATS: readonly WireFormat[] = Object.values(WIRE_FORMATS);

const UNTOLD = { id: 'made-up', created: 1_700_000_000, model: null, includeUsage: true } as const;

/** Written in the target's words and read by it again, an answer says the same. */
export function expectSameAnswer(answer: CanonicalAnswer, target: WireFormat): void {
  const report = new LossReport(answer.source, target.id);
  const written = target.encodeAnswer(answer, { ...UNTOLD, report });
  const read = target.decodeAnswer(Buffer.from(JSON.stringify(written)));
  if (!read.ok) throw new Error(read.error.message);
  const { summary } = saidIn(answer);
  expect(saidIn(read.value).summary).toEqual(summary);
  const declines = answer.choices[0]?.parts.some(({ type }) => type === 'refusal') === true;
  const reasonOf = ({ choices }: CanonicalAnswer): string => sameFinish(choices[0]?.finish?.reason, declines);
  expect(reasonOf(read.value)).toBe(reasonOf(answer));
  if (answer.usage !== null) expect(read.value.usage?.totalTokens).toBe(answer.usage.totalTokens);
}

interface Spoken {
  readonly text: string;
  readonly calls: readonly { name: string; arguments: unknown }[];
}

function saidIn(answer: CanonicalAnswer): { summary: Spoken } {
  const parts = answer.choices[0]?.parts ?? [];
  const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [part] : []));
  return {
    summary: {
      text: parts.map(wordsOf).join('').trim(),
      calls: calls.map(({ name, arguments: text }) => ({ name, arguments: value(text) })),
    },
  };
}

/** A refusal may be told as text; a JSON value as its text. */
function wordsOf(part: Part): string {
  if (part.type === 'text' || part.type === 'refusal') return part.text;
  return part.type === 'json' ? JSON.stringify(part.value) : '';
}

/** Arguments that are no JSON, and the text for a custom tool, stay in their wrapping where a format wants an object. */
function value(text: string): unknown {
  try {
    const read = (text.trim() === '' ? {} : JSON.parse(text)) as unknown;
    const { raw_arguments: raw, input } = (read ?? {}) as { raw_arguments?: unknown; input?: unknown };
    const wrapped = raw ?? input;
    return typeof wrapped === 'string' ? wrapped : read;
  } catch {
    return text;
  }
}

/**
 * Formats have no words for some reasons; what matters is whether the caller has to do something. OpenAI ends with `stop`
 * when the model declines, others say so.
 */
function sameFinish(reason: FinishReason | undefined, declines: boolean): string {
  if (reason === 'tool-calls' || reason === 'length') return reason;
  return declines || reason === 'content-filter' || reason === 'refusal' ? 'filtered' : 'stop';
}

/** Written in the target's words and read by it again, a stream says the same and ends the same way. */
export function expectSameStream(events: readonly StreamEvent[], target: WireFormat): void {
  const start = events[0];
  const report = new LossReport(start?.type === 'answer-start' ? start.source : undefined, target.id);
  const encoder = target.encodeEvents({ ...UNTOLD, report });
  const bytes = events.map((event) => Buffer.from(encoder.push(event)));
  const decoder = target.decodeEvents();
  const read = [...bytes.flatMap((chunk) => [...decoder.push(chunk)]), ...decoder.end()];
  expect(grammarFaults(read)).toEqual([]);
  expect(read.at(-1)?.type).toBe(events.at(-1)?.type);
  if (events.at(-1)?.type === 'error') return;
  const words = (said: readonly StreamEvent[]): string =>
    (textIn(said, 'text-delta') + textIn(said, 'refusal-delta')).trim();
  expect(words(read)).toBe(words(events));
  const calls = (said: readonly StreamEvent[]): unknown[] =>
    callsIn(said).map(({ name, arguments: text }) => ({ name, arguments: value(text) }));
  expect(calls(read)).toEqual(calls(events));
  const declines = textIn(events, 'refusal-delta') !== '';
  const reason = (said: readonly StreamEvent[]): string =>
    sameFinish(said.find((event) => event.type === 'choice-finish')?.finish.reason, declines);
  expect(reason(read)).toBe(reason(events));
  const total = (said: readonly StreamEvent[]): number | undefined =>
    said.findLast((event) => event.type === 'usage-update')?.usage.totalTokens;
  if (total(events) !== undefined) expect(total(read)).toBe(total(events));
}

/** Written in the target's words, a request is one of the target's; what is not in it any more is reported. */
export function expectSameRequest(request: CanonicalRequest, target: WireFormat): void {
  const report = new LossReport(request.source, target.id);
  const { body } = target.encodeRequest(request, { report });
  const plain = JSON.parse(JSON.stringify(body)) as unknown;
  const read = target.decodeRequest(plain, { model: request.model, stream: request.stream });
  expect(read.stream).toBe(request.stream);
  const { reasons } = report.summary();
  const dropped = reasons.some(({ path }) => /^messages|^$/.test(path));
  if (!dropped) expect(turnsIn(read)).toEqual(turnsIn(request));
  if (!reasons.some(({ path }) => path.startsWith('tools')) && request.toolChoice?.mode !== 'allowed')
    expect(read.tools?.length ?? 0).toBe(request.tools?.length ?? 0);
  const limit = request.generation.maxOutputTokens;
  if (limit !== undefined && !reasons.some(({ path }) => path.includes('maxOutputTokens')))
    expect(read.generation.maxOutputTokens).toBe(limit);
}

/** All that was said, in order: words, calls and results, whatever messages they stand in. */
function turnsIn(request: CanonicalRequest): string[] {
  return request.messages
    .flatMap(({ parts }) => parts)
    .flatMap((part) => {
      if (part.type === 'text') return part.text.split(/\n\n/).map((text) => `text ${text.trim()}`);
      if (part.type === 'tool-call') return [`call ${part.name} ${JSON.stringify(value(part.arguments))}`];
      if (part.type === 'tool-result') return [`result ${part.content.map(wordsOf).join('').trim()}`];
      return part.type === 'image' || part.type === 'file' ? [part.type] : [];
    })
    .filter((turn) => turn !== 'text ');
}

const junk = fc.oneof(
  fc.constantFrom(
    null,
    true,
    -1,
    1e308,
    '',
    '\u0000',
    'x',
    [],
    {},
    [null],
    [[]],
    [{}],
    { type: 'text' },
    { __proto__: 1 },
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** A JSON value with one place of it replaced, removed or doubled by chance. */
export function mutated(original: unknown): fc.Arbitrary<unknown> {
  const paths = placesIn(original);
  return fc
    .record({ place: fc.nat({ max: Math.max(0, paths.length - 1) }), by: junk, drop: fc.boolean() })
    .map(({ place, by, drop }) => replaced(original, paths[place] ?? [], drop ? undefined : by));
}

function placesIn(json: unknown, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof json !== 'object' || json === null) return [[...path]];
  const inner = Array.isArray(json)
    ? json.flatMap((one, index) => placesIn(one, [...path, index]))
    : Object.entries(json).flatMap(([name, one]) => placesIn(one, [...path, name]));
  return [[...path], ...inner];
}

function replaced(json: unknown, path: readonly (string | number)[], by: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return by ?? null;
  const copy = structuredClone(json) as Record<string | number, unknown>;
  if (rest.length > 0) copy[first] = replaced(copy[first], rest, by);
  else if (by === undefined && !Array.isArray(copy)) Reflect.deleteProperty(copy, first);
  else copy[first] = by ?? null;
  return copy;
}

/** A request of which any field may be anything is refused in words, or read and written in every format. */
export function expectNoSurprise(format: WireFormat, body: unknown): void {
  let request: CanonicalRequest;
  try {
    request = format.decodeRequest(body, { model: 'm', stream: false });
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    expect((error as GatewayError).status).toBe(400);
    return;
  }
  for (const target of ALL_FORMATS) {
    const report = new LossReport(request.source, target.id);
    expect(typeof JSON.stringify(target.encodeRequest(request, { report }).body)).toBe('string');
  }
}

/** An answer of which any field may be anything is an error, or read and written in every format. */
export function expectNoThrow(format: WireFormat, body: Buffer): void {
  const decoded = format.decodeAnswer(body);
  if (!decoded.ok) {
    expect(decoded.error.message).not.toBe('');
    return;
  }
  for (const target of ALL_FORMATS) {
    const report = new LossReport(decoded.value.source, target.id);
    expect(typeof JSON.stringify(target.encodeAnswer(decoded.value, { ...UNTOLD, report }))).toBe('string');
  }
}

/** A stream of which any field may be anything ends once and in order, in every format. */
export function expectOrder(format: WireFormat, bytes: Buffer): void {
  const decoder = format.decodeEvents();
  const events = [...decoder.push(bytes), ...decoder.end()];
  expect(grammarFaults(events)).toEqual([]);
  for (const target of ALL_FORMATS) {
    const report = new LossReport(format.id, target.id);
    const encoder = target.encodeEvents({ ...UNTOLD, report });
    for (const event of events) expect(Buffer.from(encoder.push(event)).length).toBeGreaterThanOrEqual(0);
  }
}
