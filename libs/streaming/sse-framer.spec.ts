import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { SseFramer } from './index.js';

type Frame = [data: string, event: string | null];

function framesOf(
  chunks: readonly (Buffer | string)[],
  maxFrameBytes = 1 << 20,
): { frames: Frame[]; tooLarge: boolean } {
  const frames: Frame[] = [];
  const framer = new SseFramer(maxFrameBytes, (data, event) => frames.push([data, event]));
  for (const chunk of chunks) framer.push(Buffer.from(chunk));
  framer.end();
  return { frames, tooLarge: framer.tooLarge };
}

const framesIn = (...chunks: (Buffer | string)[]): Frame[] => framesOf(chunks).frames;

describe('the splitter of server-sent events', () => {
  it('reads data and the type of an event, and forgets the type after it', () => {
    expect(framesIn('event: ping\ndata: {"a":1}\n\ndata: 2\n\n')).toEqual([
      ['{"a":1}', 'ping'],
      ['2', null],
    ]);
  });

  it.each([
    ['LF', 'data: 1\n\ndata: 2\n\n'],
    ['CRLF', 'data: 1\r\n\r\ndata: 2\r\n\r\n'],
    ['CR', 'data: 1\r\rdata: 2\r\r'],
    ['no space', 'data:1\n\ndata:2\n\n'],
    ['a byte order mark', '\uFEFFdata: 1\n\ndata: 2\n\n'],
    ['comments', ': hello\n\ndata: 1\n: in between\n\n:\n\ndata: 2\n\n'],
    ['other fields', 'id: 7\nretry: 10\ndata: 1\nfoo: bar\n\ndata: 2\n\n'],
    ['no blank line at the end', 'data: 1\n\ndata: 2'],
    ['events without data', 'event: x\n\ndata: 1\n\nid: 3\n\ndata: 2\n\n'],
  ])('reads the same with %s, in any cut', (_, text) => {
    const bytes = Buffer.from(text);
    const expected = [
      ['1', null],
      ['2', null],
    ];
    expect(framesIn(text)).toEqual(expected);
    expect(framesIn(...Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1)))).toEqual(expected);
  });

  it('joins several data lines by LF, empty ones too', () => {
    expect(framesIn('data: a\ndata:\ndata: b\n\n')).toEqual([['a\n\nb', null]]);
  });

  it('takes away one space only', () => {
    expect(framesIn('data:  a\n\n')).toEqual([[' a', null]]);
  });

  it('takes what only looks like a byte order mark as text', () => {
    const odd = Buffer.concat([Buffer.from([0xef, 0xbb]), Buffer.from('x: 1\ndata: 1\n\n')]);
    expect(framesIn(odd.subarray(0, 1), odd.subarray(1))).toEqual([['1', null]]);
    expect(framesIn(Buffer.from([0xef]))).toEqual([]);
  });

  it('turns what is no UTF-8 into replacement characters and goes on', () => {
    expect(
      framesIn(Buffer.concat([Buffer.from('data: '), Buffer.from([0xff]), Buffer.from('\n\ndata: 2\n\n')])),
    ).toEqual([
      ['\uFFFD', null],
      ['2', null],
    ]);
  });

  it.each([
    ['one long line', `data: ${'x'.repeat(200)}\n\n`],
    ['many lines', `${'data: 0123456789\n'.repeat(20)}\n`],
    ['a line that never ends', 'x'.repeat(200)],
    ['a long comment', `: ${'x'.repeat(200)}`],
  ])('gives up at an event over the cap: %s', (_, text) => {
    const bytes = Buffer.from(`${text}data: later\n\n`);
    for (const size of [1, 7, bytes.length]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_one, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      const { frames, tooLarge } = framesOf(chunks, 100);
      expect(frames.filter(([data]) => data !== 'later')).toEqual([]);
      if (text.startsWith(':')) continue;
      expect(tooLarge).toBe(true);
    }
  });

  it('reads what an independent parser reads, however it is cut', () => {
    const line = fc.constantFrom(
      'data: a',
      'data:b',
      'data',
      'event: e',
      'event:',
      ': c',
      'id: 1',
      'data: ü€😀',
      '',
      '',
    );
    const end = fc.constantFrom('\n', '\r\n', '\r');
    const stream = fc.array(fc.tuple(line, end), { maxLength: 30 }).map((lines) => lines.flat().join(''));
    fc.assert(
      fc.property(stream, fc.array(fc.nat({ max: 300 }), { maxLength: 8 }), (text, cuts) => {
        const whole = `${text}\n\n`;
        const expected: Frame[] = [];
        const parser = createParser({ onEvent: ({ data, event }) => expected.push([data, event ?? null]) });
        parser.feed(whole);
        const bytes = Buffer.from(whole);
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const chunks = places.slice(1).map((to, at) => bytes.subarray(places[at]!, to));
        const plain = (frames: Frame[]): Frame[] => frames.map(([data, event]) => [data, event === '' ? null : event]);
        expect(plain(framesOf(chunks).frames)).toEqual(plain(expected));
      }),
      { numRuns: 300 },
    );
  });
});
