import type { StreamEvent } from '../protocol/index.js';
import { CustomCalls } from './custom-calls.js';

const call = (index: number, kind?: 'custom'): StreamEvent => ({
  type: 'part-start',
  choice: 0,
  index,
  part: { type: 'tool-call', id: `c${String(index)}`, name: 'note', arguments: '', kind },
});
const words = (index: number, text: string): StreamEvent => ({ type: 'arguments-delta', choice: 0, index, text });
const end = (index: number): StreamEvent => ({ type: 'part-end', choice: 0, index });

function argumentsOf(events: readonly StreamEvent[], index: number): string {
  const calls = new CustomCalls();
  return events
    .flatMap((event) => (calls.concerns(event) ? calls.push(event) : [event]))
    .filter((event) => event.type === 'arguments-delta' && event.index === index)
    .map((event) => (event as { text: string }).text)
    .join('');
}

describe('CustomCalls', () => {
  it('makes JSON of free text, wherever it was cut', () => {
    const [high, low] = ['\ud83d', '\ude42'] as const;
    const events = [call(0, 'custom'), words(0, `say "hi"\n${high}`), words(0, `${low} \\`), end(0)];
    expect(JSON.parse(argumentsOf(events, 0))).toEqual({ input: 'say "hi"\n🙂 \\' });
  });

  it('ends what is open when the choice ends', () => {
    const finish: StreamEvent = { type: 'choice-finish', choice: 0, finish: { reason: 'tool-calls' } };
    expect(argumentsOf([call(0, 'custom'), words(0, 'a'), finish], 0)).toBe('{"input":"a"}');
  });

  it('leaves calls of functions alone beside it', () => {
    const events = [call(0, 'custom'), call(1), words(1, '{"a":'), words(0, 'x'), words(1, '1}'), end(1), end(0)];
    expect(argumentsOf(events, 1)).toBe('{"a":1}');
    expect(argumentsOf(events, 0)).toBe('{"input":"x"}');
  });
});
