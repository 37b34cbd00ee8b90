import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { type FormatId, LossReport, type StreamEvent } from '../../../libs/protocol/index.js';
import { EventStreamSplitter } from '../../../libs/streaming/index.js';
import { WIRE_FORMATS, type WireFormat } from '../../../libs/wire/index.js';
import { GOOD, goodDocs, mutatedStreams, openDocs, type Outcome, SCENARIOS, TEXT } from './hostile-streams.js';
import { type Doc, framed, type Style, stylesOf } from './stream-framings.js';
import { SPEAKERS, type Speaker } from './stream-speakers.js';
import { callsIn, grammarFaults, joinedEvents, textIn } from './stream-grammar.js';

const FORMATS = Object.values(WIRE_FORMATS);
const MAX_FRAME_BYTES = 4 << 20;
/** Formats that say at the end of a part again what it said. */
const REPEATS: ReadonlySet<FormatId> = new Set(['openai-responses']);

function decode(format: WireFormat, chunks: readonly Buffer[], maxFrameBytes?: number): StreamEvent[] {
  const decoder = format.decodeEvents(maxFrameBytes === undefined ? {} : { maxFrameBytes });
  const events = chunks.flatMap((chunk) => [...decoder.push(Buffer.from(chunk))]);
  const last = [...decoder.end()];
  expect([...decoder.push(Buffer.from('data: {}\n\n')), ...decoder.end()]).toEqual([]);
  return [...events, ...last];
}

/** What holds of any stream: one end, events in order, usage that can be counted. */
function expectSane(events: readonly StreamEvent[]): void {
  expect(grammarFaults(events)).toEqual([]);
  for (const event of events) {
    if (event.type !== 'usage-update') continue;
    for (const count of Object.values(event.usage)) {
      if (typeof count === 'number') expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
    }
  }
}

/** Compared as text: values may be deeper than a recursion goes. */
function expectSame(one: readonly StreamEvent[], other: readonly StreamEvent[]): void {
  expect(JSON.stringify(joinedEvents(one))).toBe(JSON.stringify(joinedEvents(other)));
}

/** What every format writes of the events is whole: every event of it JSON, and an error never looks like success. */
function expectWritable(events: readonly StreamEvent[], source: FormatId): void {
  for (const format of FORMATS) {
    const report = new LossReport(source, format.id);
    const encoder = format.encodeEvents({ report, id: 'made-up', created: 0, model: 'm', includeUsage: true });
    const written = Buffer.concat(events.map((event) => Buffer.from(encoder.push(event))));
    const text = written.toString();
    const speaker = SPEAKERS[format.id];
    const faults = faultsIn(speaker, written);
    const failed = events.at(-1)?.type === 'error';
    if (failed && speaker.saysWhole(text)) faults.push(`${text.slice(-300)}: says that it is whole`);
    expect({ format: format.id, faults }).toEqual({ format: format.id, faults: [] });
  }
}

/** What a reader of that framing stumbles over. */
function faultsIn(speaker: Speaker, written: Buffer): string[] {
  if (speaker.framing === 'aws') {
    const splitter = new EventStreamSplitter(1 << 26);
    const messages = splitter.push(written);
    splitter.end();
    return [
      ...(splitter.failureKind === null ? [] : [splitter.failureKind]),
      ...messages.flatMap(({ payload }) => notJson(payload.toString())),
    ];
  }
  const text = written.toString();
  if (speaker.framing === 'ndjson')
    return text
      .split('\n')
      .slice(0, -1)
      .flatMap(notJson)
      .concat(text.split('\n').at(-1) ?? '')
      .filter((fault) => fault !== '');
  const faults: string[] = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data !== '[DONE]') faults.push(...notJson(data));
    },
  });
  parser.feed(text);
  if (text !== '' && !text.endsWith('\n\n')) faults.push('no blank line at the end');
  return faults;
}

function notJson(text: string): string[] {
  try {
    JSON.parse(text);
    return [];
  } catch {
    return [`${text.slice(0, 200)}: no JSON`];
  }
}

function expectOutcome(events: readonly StreamEvent[], { text, calls, ends }: Outcome, { wholeCalls }: Speaker): void {
  const last = events.at(-1)?.type;
  if (ends === 'either') expect(['answer-end', 'error']).toContain(last);
  else expect(last).toBe(ends);
  // Where it may fail it may do so before everything is read.
  if (ends === 'either' && last === 'error') return;
  if (text !== undefined) expect(textIn(events, 'text-delta')).toBe(text);
  if (calls === undefined) return;
  const found = callsIn(events);
  const asRead = (given: string): unknown => (wholeCalls ? (JSON.parse(given) as unknown) : given);
  expect(found.map(({ name, arguments: given }) => ({ name, arguments: asRead(given) }))).toEqual(
    calls.map(({ name, arguments: given }) => ({ name, arguments: asRead(given) })),
  );
  expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
}

const bytesOf = ({ framing }: Speaker, docs: readonly Doc[], style?: Style): Buffer =>
  Buffer.concat(framed(framing, docs, style));

function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_unused, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
}

const decoded = (format: WireFormat, speaker: Speaker, docs: readonly Doc[]): StreamEvent[] =>
  decode(format, framed(speaker.framing, docs));

describe.each(FORMATS.map((format): [FormatId, WireFormat, Speaker] => [format.id, format, SPEAKERS[format.id]]))(
  'hostile streams of %s',
  (_id, format, speaker) => {
    const good = goodDocs(speaker);

    it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', (_name, scenario) => {
      const docs = scenario.docs(speaker);
      const events = decoded(format, speaker, docs);
      expectSane(events);
      expectOutcome(events, scenario.outcome(speaker), speaker);
      expectWritable(events, format.id);
      expectSame(decode(format, cut(bytesOf(speaker, docs), 13)), events);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    });

    it.each(stylesOf(speaker.framing))('reads the same of %s, in any cut', (_name, style) => {
      const expected = decoded(format, speaker, good);
      const bytes = bytesOf(speaker, good, style);
      expect(decode(format, [bytes])).toEqual(expected);
      for (const size of [1, 2, 3, 5, 7, 64]) expect(decode(format, cut(bytes, size))).toEqual(expected);
    });

    it('never takes a stream that was cut off for a whole one, cut at any byte', () => {
      const bytes = bytesOf(speaker, good);
      const [finish] = framed(speaker.framing, speaker.finish().slice(0, 1));
      // Line ends do not count: what they end may be whole without them.
      const least = bytesOf(speaker, openDocs(speaker)).length + (finish?.toString('latin1').trimEnd().length ?? 0);
      for (let length = 0; length < bytes.length; length++) {
        const events = decode(format, [bytes.subarray(0, length)]);
        expectSane(events);
        if (length < least && speaker.framing !== 'aws')
          expect([length, events.at(-1)?.type]).toEqual([length, 'error']);
        if (speaker.framing === 'aws' && length < least - 4) expect(events.at(-1)?.type).toBe('error');
        const last = events.at(-1);
        const shown = length % 97 === 0 || last?.type === 'answer-end';
        if (shown) expectWritable(events, format.id);
      }
    });

    it('keeps its footing with any value of any event replaced', () => {
      let streams = 0;
      for (const docs of mutatedStreams(speaker)) {
        const events = decoded(format, speaker, docs);
        expectSane(events);
        if (streams++ % 5 === 0) expectWritable(events, format.id);
      }
      expect(streams).toBeGreaterThan(300);
    }, 60_000);

    it('takes any bytes', () => {
      const piece = fc.oneof(
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
        fc
          .constantFrom('data: ', '\n\n', '\r', '{', '}', '"', 'event: error\n', ': ', '[DONE]', '\uFEFF')
          .map((text) => Buffer.from(text)),
        fc.constantFrom(...framed(speaker.framing, good)),
      );
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
          const events = decode(format, pieces);
          expectSane(events);
          expectWritable(events, format.id);
          expectSame(decode(format, cut(Buffer.concat(pieces), 9)), events);
        }),
        { numRuns: 300 },
      );
    });

    it('never takes damaged bytes for something else than they say', () => {
      const bytes = bytesOf(speaker, good);
      fc.assert(
        fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
          const damaged = Buffer.from(bytes);
          damaged[at] = (damaged[at] ?? 0) ^ mask;
          const events = decode(format, cut(damaged, 100));
          expectSane(events);
        }),
        { numRuns: 300 },
      );
    });

    it('gives up on an event of ten megabytes', () => {
      const large = speaker.text(0, ['x'.repeat(10 << 20)]);
      const events = decode(format, cut(bytesOf(speaker, [...speaker.start(), ...large]), 65_536));
      expectSane(events);
      expect(events.at(-1)).toMatchObject({ type: 'error', error: { kind: 'frame-too-large' } });
      expectWritable(events, format.id);
    });

    it('gives up on a line without an end, and holds no more of it than its bound', () => {
      const decoder = format.decodeEvents({ maxFrameBytes: 100_000 });
      const chunk = Buffer.from(
        speaker.framing === 'ndjson' ? '{"message":{"content":"x'.padEnd(10_000, 'x') : `data: ${'x'.repeat(10_000)}`,
      );
      const events: StreamEvent[] = [];
      let pushes = 0;
      while (events.length === 0 && pushes < 30) {
        events.push(...decoder.push(Buffer.from(chunk)));
        pushes += 1;
      }
      expect(pushes).toBeLessThan(15);
      expect(events).toMatchObject([{ type: 'error' }]);
    });

    it('takes an event right under the bound', () => {
      const text = 'x'.repeat(MAX_FRAME_BYTES / 2);
      const docs = [
        ...speaker.start(),
        ...speaker.text(0, [text, text.slice(0, 100)]),
        ...speaker.finish(),
        ...speaker.end(),
      ];
      // Responses repeat the whole text at the end of the part: two copies have to fit.
      const events = decode(format, cut(bytesOf(speaker, docs), 65_536), 3 * MAX_FRAME_BYTES);
      expect(events.at(-1)?.type).toBe('answer-end');
      expect(textIn(events, 'text-delta').length).toBe(text.length + 100);
    });

    it('is quick with ten thousand parts and with ten thousand tiny events, and says when it is too much', () => {
      const many = Array.from({ length: 10_000 }, (_unused, at) =>
        speaker.callStart({ at, nth: at, name: 'f', pieces: [] }),
      ).flat();
      const tiny = speaker.text(0, Array<string>(10_000).fill('x'));
      for (const docs of [many, tiny]) {
        const bytes = bytesOf(speaker, [...speaker.start(), ...docs]);
        const before = process.cpuUsage();
        const events = decode(format, [bytes]);
        const { user, system } = process.cpuUsage(before);
        expect((user + system) / 1000).toBeLessThan(3000);
        expectSane(events);
        expect(events.at(-1)?.type).toBe('error');
      }
    });

    it('holds nothing of what has passed, and nor do those who write it', () => {
      const decoder = format.decodeEvents();
      const encoders = FORMATS.filter(({ id }) => !REPEATS.has(id)).map(({ id, encodeEvents }) =>
        encodeEvents({ report: new LossReport(format.id, id), id: 'x', created: 0, model: 'm' }),
      );
      const pass = (bytes: Buffer): number => {
        const events = decoder.push(bytes);
        for (const event of events) for (const encoder of encoders) encoder.push(event);
        return events.length;
      };
      const { before, delta } = splitText(speaker);
      for (const bytes of framed(speaker.framing, [...speaker.start(), ...before])) pass(bytes);
      const [bytes] = framed(speaker.framing, [delta]) as [Buffer];
      for (let turn = 0; turn < 1000; turn++) pass(bytes);
      const held = heldBytes();
      let events = 0;
      for (let turn = 0; turn < 20_000; turn++) events += pass(bytes);
      expect(events).toBeGreaterThanOrEqual(20_000);
      expect(heldBytes() - held).toBeLessThan(2 << 20);
      expect(decoder.end().at(-1)?.type).toBe('error');
    }, 60_000);
  },
);

/** What opens a text, and one delta of it of two hundred characters. */
function splitText(speaker: Speaker): { before: Doc[]; delta: Doc } {
  const docs = speaker.text(0, ['y'.repeat(200)]);
  const at = docs.findIndex(({ data }) => JSON.stringify(data).includes('yyyy'));
  return { before: docs.slice(0, at), delta: docs[at] as Doc };
}

function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('the corpus', () => {
  it('has a good stream that is good in every format that is there', () => {
    for (const format of FORMATS) {
      const speaker = SPEAKERS[format.id];
      const events = decoded(format, speaker, goodDocs(speaker));
      expectOutcome(events, GOOD, speaker);
      expect(textIn(events, 'text-delta')).toBe(TEXT.join(''));
    }
  });
});
