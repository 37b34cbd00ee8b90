import fc from 'fast-check';
import { LineSplitter } from './line-splitter.js';

function linesOf(chunks: readonly Buffer[], maxBytes = 1 << 20): { lines: string[]; tooLarge: boolean } {
  const lines: string[] = [];
  const splitter = new LineSplitter(maxBytes, (line) => lines.push(line));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return { lines, tooLarge: splitter.tooLarge };
}

describe('a line splitter', () => {
  it('gives whole lines, and the last one without its end', () => {
    expect(linesOf([Buffer.from('one\n\ntwo\r\nthree')]).lines).toEqual(['one', '', 'two\r', 'three']);
  });

  it('gives the same lines however the bytes were cut', () => {
    const bytes = Buffer.from('Grüße 🙂\n\n{"a":"\u2028"}\r\nend\n');
    const whole = linesOf([bytes]).lines;
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 }), (places) => {
        const cuts = [0, ...places.sort((one, other) => one - other), bytes.length];
        const chunks = cuts.slice(1).map((to, at) => bytes.subarray(cuts[at], to));
        expect(linesOf(chunks).lines).toEqual(whole);
      }),
    );
  });

  it('takes a line right at its cap and gives up on a larger one, in any cut', () => {
    expect(linesOf([Buffer.from('12345\n')], 5)).toEqual({ lines: ['12345'], tooLarge: false });
    expect(linesOf([Buffer.from('a\n123456\nb\n')], 5)).toEqual({ lines: ['a'], tooLarge: true });
    expect(linesOf([Buffer.from('a\n123'), Buffer.from('456'), Buffer.from('\nb\n')], 5)).toEqual({
      lines: ['a'],
      tooLarge: true,
    });
  });
});
