import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { encodeEventStreamMessage, type EventStreamMessage, EventStreamSplitter } from './index.js';

const MAX = 1000;

/** `:event-type` and payload of every message. */
const seen = (messages: readonly EventStreamMessage[]): [string | undefined, string][] =>
  messages.map(({ headers, payload }) => [headers.get(':event-type'), payload.toString()]);

function split(stream: Buffer, sizes: readonly number[], maxFrameBytes = MAX) {
  const splitter = new EventStreamSplitter(maxFrameBytes);
  const messages: EventStreamMessage[] = [];
  let at = 0;
  for (let turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length] ?? stream.length;
    // Of its own and overwritten afterwards, as the buffers of a socket may be.
    const chunk = Buffer.from(stream.subarray(at, at + size));
    messages.push(...splitter.push(chunk));
    chunk.fill(0);
    at += size;
  }
  splitter.end();
  return { events: seen(messages), failureKind: splitter.failureKind };
}

const event = (type: string, payload: string): Buffer =>
  encodeEventStreamMessage({ ':message-type': 'event', ':event-type': type }, payload);

/** A prelude that says what it likes, with a checksum that fits. */
function prelude(total: number, headers: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(total, 0);
  bytes.writeUInt32BE(headers, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  return bytes;
}

/** A whole message of any headers, its checksums fitting. */
function message(headers: Buffer, payload: Buffer): Buffer {
  const body = Buffer.concat([prelude(headers.length + payload.length + 16, headers.length), headers, payload]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body), 0);
  return Buffer.concat([body, checksum]);
}

const STREAM: [string, string][] = [
  ['messageStart', '{"role":"assistant"}'],
  ['contentBlockDelta', '{"delta":{"text":"grüße 🙂"}}'],
  ['empty', ''],
  ['messageStop', `{"stopReason":"${'x'.repeat(300)}"}`],
];
const BYTES = Buffer.concat(STREAM.map(([type, payload]) => event(type, payload)));

describe('EventStreamSplitter', () => {
  it('finds the same messages however the bytes were cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        expect(split(BYTES, sizes)).toEqual({ events: STREAM, failureKind: null });
      }),
    );
    expect(split(BYTES, [1])).toEqual({ events: STREAM, failureKind: null });
  });

  it('gives up on a stream cut inside a message, and has given every message before it', () => {
    let whole = 0;
    const ends = STREAM.map(([type, payload]) => (whole += event(type, payload).length));
    for (let length = 0; length < BYTES.length; length++) {
      const complete = ends.filter((end) => end <= length).length;
      const failureKind = length === 0 || ends.includes(length) ? null : 'truncated';
      expect(split(BYTES.subarray(0, length), [7])).toEqual({ events: STREAM.slice(0, complete), failureKind });
    }
  });

  it('notices any byte that is not as it was sent', () => {
    for (let at = 0; at < BYTES.length; at++) {
      const damaged = Buffer.from(BYTES);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      const { events, failureKind } = split(damaged, [64]);
      expect(failureKind).toBe('malformed_frame');
      expect(events).toEqual(STREAM.slice(0, events.length));
    }
  });

  it('judges the size of a message by its first twelve bytes', () => {
    const splitter = new EventStreamSplitter(MAX);
    expect(splitter.push(prelude(MAX + 1, 0))).toEqual([]);
    expect(splitter.failureKind).toBe('frame_too_large');
    expect(splitter.push(BYTES)).toEqual([]);
  });

  it('takes a message of exactly the largest size', () => {
    const headers = { ':event-type': 'a' };
    const room = MAX - encodeEventStreamMessage(headers, '').length;
    const payload = 'x'.repeat(room);
    expect(split(encodeEventStreamMessage(headers, payload), [13])).toEqual({
      events: [['a', payload]],
      failureKind: null,
    });
    expect(split(encodeEventStreamMessage(headers, `${payload}x`), [13]).failureKind).toBe('frame_too_large');
  });

  it.each([
    ['less than the least', 15, 0],
    ['headers longer than the message', 100, 90],
    ['headers longer than the format allows', 200_000, 131_073],
  ])('refuses lengths that cannot be: %s', (_what, total, headers) => {
    const splitter = new EventStreamSplitter(1_000_000);
    splitter.push(prelude(total, headers));
    expect(splitter.failureKind).toBe('malformed_frame');
  });

  it('never takes bytes beside a message for its headers', () => {
    const secret = Buffer.from('secret of another call '.repeat(20));
    // A string header that claims 400 bytes of which there are two.
    const headers = Buffer.concat([Buffer.from([1, 0x61, 7]), Buffer.from([0x01, 0x90]), Buffer.from('hi')]);
    const splitter = new EventStreamSplitter(MAX);
    expect(splitter.push(Buffer.concat([message(headers, Buffer.alloc(0)), secret]))).toEqual([]);
    expect(splitter.failureKind).toBe('malformed_frame');
  });

  it('leaves out headers that are no strings, and is not confused by odd names', () => {
    const named = (name: string, type: number, value: Buffer): Buffer =>
      Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([type]), value]);
    const text = Buffer.concat([Buffer.from([0, 1]), Buffer.from('v')]);
    const headers = Buffer.concat([
      named('flag', 0, Buffer.alloc(0)),
      named('count', 4, Buffer.alloc(4)),
      named('__proto__', 7, text),
      named('constructor', 7, text),
    ]);
    const [only] = new EventStreamSplitter(MAX).push(message(headers, Buffer.from('{}')));
    expect([...(only?.headers ?? [])].filter(([name]) => name !== '__proto__')).toEqual([['constructor', 'v']]);
    expect(only?.payload.toString()).toBe('{}');
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, behind) => {
        const stream = behind ? Buffer.concat([BYTES, bytes]) : Buffer.from(bytes);
        const { events } = split(stream, [5]);
        expect(events).toEqual(behind ? STREAM : []);
      }),
    );
  });
});
