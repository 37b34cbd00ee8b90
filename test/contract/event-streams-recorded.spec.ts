import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { encodeEventStreamMessage, type EventStreamMessage, EventStreamSplitter } from '../../libs/streaming/index.js';

/** Recorded traffic of real providers; it lies beside the repository. */
const RECORDED = join(import.meta.dirname, '..', '..', '..', 'shared', 'wire');
const MAX_FRAME_BYTES = 1 << 20;

interface Recorded {
  response: { base64?: string; decoded_events?: { headers: Record<string, string>; payload: unknown }[] };
}

const streams = globSync(join(RECORDED, 'bedrock.*', '*.stream.*.json'))
  .sort()
  .map((file) => [basename(file, '.json'), (JSON.parse(readFileSync(file, 'utf8')) as Recorded).response] as const)
  .filter(([, response]) => response.base64 !== undefined && response.decoded_events !== undefined);

function split(bytes: Buffer, sizes: readonly number[]) {
  const splitter = new EventStreamSplitter(MAX_FRAME_BYTES);
  const messages: EventStreamMessage[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    messages.push(...splitter.push(bytes.subarray(at, at + size)));
    at += size;
  }
  splitter.end();
  return { messages, failureKind: splitter.failureKind };
}

const decoded = (messages: readonly EventStreamMessage[]): unknown[] =>
  messages.map(({ headers, payload }) => ({
    headers: Object.fromEntries(headers),
    payload: JSON.parse(payload.toString()) as unknown,
  }));

if (!existsSync(RECORDED)) {
  it.skip(`needs the recorded traffic in ${RECORDED}`, () => undefined);
} else {
  describe('recorded AWS event streams', () => {
    it('are there', () => expect(streams.length).toBeGreaterThan(10));

    it.each(streams)('%s: the messages that the recording lists, in any cut', (_name, response) => {
      const bytes = Buffer.from(response.base64 ?? '', 'base64');
      const whole = split(bytes, [bytes.length]);
      expect(whole.failureKind).toBeNull();
      expect(decoded(whole.messages)).toEqual(response.decoded_events);
      expect(split(bytes, [1])).toEqual(whole);
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 10 }), (sizes) => {
          expect(split(bytes, sizes)).toEqual(whole);
        }),
        { numRuns: 20 },
      );
    });

    it.each(streams)('%s: written anew, the same bytes', (_name, response) => {
      const bytes = Buffer.from(response.base64 ?? '', 'base64');
      const again = split(bytes, [bytes.length]).messages.map(({ headers, payload }) =>
        encodeEventStreamMessage(Object.fromEntries(headers), payload),
      );
      expect(Buffer.concat(again).equals(bytes)).toBe(true);
    });
  });
}
