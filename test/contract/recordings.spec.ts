import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sanitiseBody, sanitiseHeaders, sanitiseJson, sanitiseUrl } from '../../libs/protocol/index.js';
import { movedCuts } from '../../src/cli/record/moved-cuts.js';
import { recordingId, recordingOf } from '../../src/cli/record/recorded-exchange.js';
import { providerOf, wireOf } from '../../src/cli/record/wire-name.js';

/** Recorded traffic of real providers; it lies beside the repository. */
const RECORDED = join(import.meta.dirname, '..', '..', '..', 'shared', 'wire');

interface Exchange {
  provider: string;
  wire: string;
  model: string | null;
  stream: boolean;
  request: { method: string; host?: string; path: string; headers: Record<string, string>; body: any } | null;
  response: {
    status: number;
    headers: Record<string, string>;
    body?: unknown;
    raw?: string;
    sse?: string;
    ndjson?: string;
    base64?: string;
    decoded_events?: unknown;
    chunk_lengths?: number[];
  };
}

const exchanges: [string, Exchange][] = globSync(join(RECORDED, '*', '*.json'))
  .sort()
  .map((file) => [
    `${basename(dirname(file))}/${basename(file, '.json')}`,
    JSON.parse(readFileSync(file, 'utf8')) as Exchange,
  ]);
const asked = exchanges.filter(([, { request }]) => request !== null);

/** Every number of a JSON value, in order. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value + 0];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(numbersIn);
}

/** The differences between two JSON values, as the texts that took the place of others. */
function replacedIn(before: unknown, after: unknown): string[] {
  if (typeof before !== 'object' || before === null || typeof after !== 'object' || after === null) {
    return before === after ? [] : [String(after)];
  }
  return Object.keys(before).flatMap((key) => replacedIn((before as any)[key], (after as any)[key]));
}

const eventsOf = (stream: string): unknown[] =>
  stream
    .split(/\r\n|\n|\r/)
    .map((line) => line.replace(/^data: ?/, ''))
    .filter((line) => /^[{[]/.test(line))
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as unknown];
      } catch {
        return [];
      }
    });

if (!existsSync(RECORDED)) {
  it.skip(`needs the recorded traffic in ${RECORDED}`, () => undefined);
} else {
  describe('recorded traffic through the sanitiser', () => {
    it('keeps every number and every event', () => {
      for (const [name, { request, response }] of exchanges) {
        expect([name, numbersIn(sanitiseJson(response.body ?? null))]).toEqual([name, numbersIn(response.body)]);
        expect([name, numbersIn(sanitiseJson(request?.body ?? null))]).toEqual([name, numbersIn(request?.body)]);
        const stream = response.sse ?? response.ndjson;
        if (stream === undefined) continue;
        const type = response.sse === undefined ? 'application/x-ndjson' : 'text/event-stream';
        const { text } = sanitiseBody(stream, type);
        expect([name, numbersIn(eventsOf(text))]).toEqual([name, numbersIn(eventsOf(stream))]);
      }
    });

    it('replaces what names a person or an organisation, values behind telling names, and nothing else', () => {
      const kinds = exchanges.flatMap(([, { request, response }]) => [
        ...replacedIn(request?.body ?? null, sanitiseJson(request?.body ?? null)),
        ...replacedIn(response.body ?? null, sanitiseJson(response.body ?? null)),
        ...replacedIn(
          eventsOf(response.sse ?? ''),
          eventsOf(sanitiseBody(response.sse ?? '', 'text/event-stream').text),
        ),
        ...(request === null ? [] : replacedIn([request.path], [sanitiseUrl(request.path)])),
      ]);
      const markers = new Set(kinds.flatMap((text) => text.match(/<redacted:[a-z0-9_]+>/g) ?? ['none']));
      expect([...markers].sort()).toEqual(
        ['account', 'b64_json_blob', 'key', 'organisation', 'project', 'user', 'user_id'].map(
          (kind) => `<redacted:${kind}>`,
        ),
      );
      expect(kinds.length).toBeLessThan(40);
    });

    it('keeps every header that is no credential', () => {
      for (const [, { request, response }] of exchanges) {
        for (const headers of [request?.headers ?? {}, response.headers]) {
          const replaced = Object.entries(sanitiseHeaders(headers)).filter(([name, value]) => headers[name] !== value);
          const others = replaced.filter(([name]) => headers[name] !== '[REDACTED]' && !/session/.test(name));
          expect(others).toEqual([]);
        }
      }
    });
  });

  describe('recorded traffic, recorded again', () => {
    const known = asked.filter(([, { request }]) => request?.host !== undefined);

    it('goes by the same names', () => {
      for (const [name, { wire, provider, request }] of known) {
        expect([name, wireOf(request?.path ?? '', provider)]).toEqual([name, wire]);
        const { host = '' } = request ?? {};
        // Of these the host is the customer's, or serves several providers.
        if (!/snowflake|databricks|mantle/.test(host)) expect([name, providerOf(host)]).toEqual([name, provider]);
      }
    });

    it.each(known)('%s: the same answer', (_name, { request, response, stream, provider }) => {
      if (request === null) return;
      const { sse, ndjson, base64, body, raw } = response;
      const bytes = Buffer.from(
        sse ?? ndjson ?? raw ?? base64 ?? JSON.stringify(body ?? ''),
        base64 === undefined ? 'utf8' : 'base64',
      );
      const recording = recordingOf(
        {
          method: request.method,
          host: request.host ?? '',
          path: request.path,
          requestHeaders: Object.entries(request.headers).flat(),
          requestBody: Buffer.from(JSON.stringify(request.body)),
          status: response.status,
          responseHeaders: Object.entries({ 'content-type': typeOf(response), ...response.headers }).flat(),
          responseChunks: cutAt(bytes, response.chunk_lengths ?? [bytes.length]),
          cut: null,
        },
        { provider, wire: null, recorder: 'test' },
        0,
      );
      const { chunk_lengths, ...again } = recording.response;
      const lengths = chunk_lengths as number[] | undefined;
      if (sse !== undefined) expect(again).toMatchObject({ sse: sanitiseBody(sse, 'text/event-stream').text });
      else if (ndjson !== undefined) expect(again).toMatchObject({ ndjson });
      else if (response.decoded_events !== undefined) {
        expect(again).toMatchObject({ base64, decoded_events: response.decoded_events });
      } else if (raw !== undefined) expect(again).toMatchObject({ raw, body });
      else if (body !== undefined) expect(again).toMatchObject({ body: sanitiseJson(body) });
      if (response.chunk_lengths !== undefined) expect(lengths).toEqual(response.chunk_lengths);
      if (stream && base64 === undefined && response.status === 200) expect(recording.stream).toBe(true);
      expect(recordingId(recording)).toMatch(/^[\w.]+\/[\w-]+\.(?:stream|json)\.[a-z0-9_]+\.[0-9a-f]{8}$/);
    });
  });
}

/** Of the recordings that did not keep it. */
function typeOf({ sse, ndjson, base64 }: Exchange['response']): string {
  if (sse !== undefined) return 'text/event-stream';
  if (ndjson !== undefined) return 'application/x-ndjson';
  return base64 === undefined ? 'application/json' : 'application/vnd.amazon.eventstream';
}

function cutAt(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  let at = 0;
  return lengths.map((length) => bytes.subarray(at, (at += length)));
}

describe('cuts between chunks', () => {
  it('stay where they were in what stays, and within what is replaced', () => {
    // 0123456789 with 3456 replaced by XX: 012XX789
    const moved = [{ start: 3, end: 7, length: 2 }];
    expect(movedCuts([3, 7], moved)).toEqual([3, 5]);
    expect(movedCuts([4, 6], moved)).toEqual([4, 4]);
    expect(movedCuts([6, 1, 3], moved)).toEqual([5, 3]);
    expect(movedCuts([7, 2, 1], moved)).toEqual([5, 2, 1]);
    expect(movedCuts([1, 9], [])).toEqual([1, 9]);
    expect(movedCuts([2, 2], [{ start: 2, end: 4, length: 10 }])).toEqual([2, 10]);
  });
});
