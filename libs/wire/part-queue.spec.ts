import { LossReport, type StreamEvent } from '../protocol/index.js';
import { JsonEnd } from './json-end.js';
import { PartQueue } from './part-queue.js';

const start = (index: number, choice = 0): StreamEvent => ({
  type: 'part-start',
  choice,
  index,
  part: { type: 'tool-call', id: `c${String(index)}`, name: `f${String(index)}`, arguments: '' },
});
const text = (index: number): StreamEvent => ({
  type: 'part-start',
  choice: 0,
  index,
  part: { type: 'text', text: '' },
});
const args = (index: number, piece: string, choice = 0): StreamEvent => ({
  type: 'arguments-delta',
  choice,
  index,
  text: piece,
});
const end = (index: number): StreamEvent => ({ type: 'part-end', choice: 0, index });
const finish: StreamEvent = { type: 'choice-finish', choice: 0, finish: { reason: 'tool-calls' } };

function queued(...events: StreamEvent[]): { out: string[]; at: number[]; report: LossReport } {
  const report = new LossReport('openai-chat', 'anthropic-messages');
  const queue = new PartQueue(report);
  const at: number[] = [];
  const out = events.flatMap((event) => {
    const given = queue.push(event);
    at.push(given.length);
    return given.map(short);
  });
  return { out, at, report };
}

function short(event: StreamEvent): string {
  if (!('index' in event)) return event.type;
  const name = { 'part-start': '<', 'part-end': '>', 'arguments-delta': '=' }[event.type as string] ?? event.type;
  return `${name}${String(event.index)}${'text' in event ? event.text : ''}`;
}

describe('parts in a row', () => {
  it('passes calls that come one after the other at once, though none says that it is complete', () => {
    const { out, at } = queued(
      start(0),
      args(0, '{"a"'),
      args(0, ':1}'),
      start(1),
      args(1, '{}'),
      end(0),
      end(1),
      finish,
    );
    expect(out).toEqual(['<0', '=0{"a"', '=0:1}', '>0', '<1', '=1{}', '>1', 'choice-finish']);
    expect(at.slice(0, 5)).toEqual([1, 1, 1, 2, 1]);
  });

  it('holds a call back while the one before it is not whole', () => {
    const { out } = queued(
      start(0),
      start(1),
      args(1, '{"b":'),
      args(0, '{"a":'),
      args(1, '2}'),
      args(0, '1}'),
      end(0),
      end(1),
      finish,
    );
    expect(out).toEqual(['<0', '=0{"a":', '=01}', '>0', '<1', '=1{"b":', '=12}', '>1', 'choice-finish']);
  });

  it('lets three interleaved calls out in their order and loses nothing', () => {
    const { out } = queued(
      start(0),
      start(1),
      start(2),
      args(2, '{}'),
      args(1, '{}'),
      end(1),
      args(0, '{}'),
      end(2),
      end(0),
      finish,
    );
    expect(out).toEqual(['<0', '=0{}', '>0', '<1', '=1{}', '>1', '<2', '=2{}', '>2', 'choice-finish']);
  });

  it('closes what is open when the choice ends, also calls without arguments', () => {
    expect(queued(start(0), start(1), start(2), finish).out).toEqual([
      '<0',
      '>0',
      '<1',
      '>1',
      '<2',
      '>2',
      'choice-finish',
    ]);
  });

  it('waits for the end of a text', () => {
    expect(queued(text(0), start(1), args(1, '{}'), end(0), end(1)).out).toEqual(['<0', '>0', '<1', '=1{}', '>1']);
  });

  it('reports text behind whole arguments and leaves it out', () => {
    const { out, report } = queued(
      start(0),
      args(0, '{}'),
      start(1),
      args(0, ' '),
      args(0, 'junk'),
      args(1, '{}'),
      finish,
    );
    expect(out).toEqual(['<0', '=0{}', '>0', '<1', '=1{}', '>1', 'choice-finish']);
    expect(report.summary().reasons).toHaveLength(1);
  });

  it('lets other choices pass', () => {
    expect(queued(start(0), start(0, 1), args(0, 'x', 1)).out).toEqual(['<0', '<0', '=0x']);
  });

  it('fails when more than a million characters wait, and says nothing more', () => {
    const piece = 'x'.repeat(1 << 18);
    const { out } = queued(start(0), start(1), ...Array.from({ length: 6 }, () => args(1, piece)), finish);
    expect(out).toEqual(['<0', 'error']);
  });

  it('does not fail where much was held back little by little', () => {
    const queue = new PartQueue(new LossReport('openai-chat', 'anthropic-messages'));
    const piece = `"${'x'.repeat(1 << 19)}"`;
    for (let index = 0; index < 8; index += 2) {
      queue.push(start(index));
      queue.push(start(index + 1));
      queue.push(args(index + 1, `[${piece}]`));
      const out = [...queue.push(args(index, '{}')), ...queue.push(end(index)), ...queue.push(end(index + 1))];
      expect(out.map(({ type }) => type)).not.toContain('error');
    }
  });
});

describe('the end of JSON', () => {
  it.each([
    ['{}', true],
    ['[{"a":"}"},2]', true],
    ['{"a":"\\""', false],
    ['{"a":{}', false],
    ['"text"', false],
    ['', false],
    ['{"a":"}"', false],
  ])('of %s is %s, in any cut', (json, closed) => {
    const whole = new JsonEnd();
    whole.push(json);
    const cut = new JsonEnd();
    for (const char of json) cut.push(char);
    expect([whole.closed, cut.closed]).toEqual([closed, closed]);
  });
});
