import fc from 'fast-check';
import type { FormatId, StreamEvent, TextDelta } from '../protocol/index.js';
import { WIRE_FORMATS } from './formats.js';
import { RepeatedText } from './repeated-text.js';

const delta = (text: string, index = 0): TextDelta => ({ type: 'text-delta', choice: 0, index, text });
const frame = (text: string, more: object = {}): string => JSON.stringify({ id: 'a', delta: { text }, ...more });

describe('RepeatedText', () => {
  const having = (text: string): RepeatedText => {
    const repeated = new RepeatedText();
    repeated.note(frame(text), null, delta(text));
    return repeated;
  };

  it('knows a frame that differs in its text only', () => {
    expect(having('Hello').find(frame(' wörld'), null)).toEqual(delta(' wörld'));
  });

  it.each([
    [{ sequence_number: 9 }, { sequence_number: 10 }],
    [{ obfuscation: 'abc' }, { obfuscation: '' }],
    [
      { p: 'abc', obfuscation: '' },
      { p: '', obfuscation: 'abcdef' },
    ],
  ])('knows a frame whose field of no use is %j and then %j', (one, other) => {
    const repeated = new RepeatedText();
    repeated.note(frame('Hello', one), null, delta('Hello'));
    expect(repeated.find(frame('x', other), null)).toEqual(delta('x'));
    expect(repeated.find(JSON.stringify({ ...other, delta: { text: 'x' } }), null)).toBeNull();
    for (const bad of ['{}', '01', '-1', '"a\\"b"', '"a\tb"', '99999999999999999999']) {
      const names = Object.keys(other);
      const malformed = frame('x', other).replace(/"(\w+)":[^:]+\}$/, `"${names.at(-1)!}":${bad}}`);
      expect(repeated.find(malformed, null)).toBeNull();
    }
  });

  it('knows such fields before the text as well', () => {
    const numbered = (sequence_number: number, text: string) => JSON.stringify({ sequence_number, delta: { text } });
    const repeated = new RepeatedText();
    repeated.note(numbered(99, 'Hello'), null, delta('Hello'));
    expect(repeated.find(numbered(100, 'x'), null)).toEqual(delta('x'));
    expect(repeated.find(numbered(100, 'x').replace('100', ''), null)).toBeNull();
  });

  it.each([
    ['nothing is remembered', new RepeatedText(), frame('x'), null],
    ['the text is empty', having('Hello'), frame(''), null],
    ['the text is escaped', having('Hello'), frame('a"b'), null],
    ['a character stands bare that must not', having('Hello'), frame('a?b').replace('?', '\t'), null],
    ['another field differs', having('Hello'), frame('x', { more: 1 }), null],
    ['it has another name', having('Hello'), frame('x'), 'delta'],
    ['it is cut short', having('Hello'), frame('Hello').slice(0, -1), null],
    ['it is nothing but the frame without a text', having('Hello'), '{"id":"a","delta":{"text":"}}', null],
  ])('knows none where %s', (_, repeated, data, event) => {
    expect(repeated.find(data, event)).toBeNull();
  });

  it('remembers no text that stands in the frame twice, or in escapes', () => {
    expect(having('a').find(frame('a', { id: 'x' }), null)).toBeNull();
    const escaped = new RepeatedText();
    escaped.note('{"id":"b","delta":{"text":"\\u0062"}}', null, delta('b'));
    expect(escaped.find('{"id":"x","delta":{"text":"\\u0062"}}', null)).toBeNull();
  });

  it('forgets when another part is told, or anything but words', () => {
    for (const said of [delta('"', 1), { type: 'keep-alive' } as const, null]) {
      const repeated = having('Hello');
      repeated.note(frame('"'), null, said);
      expect(repeated.find(frame('x'), null)).toBeNull();
    }
    const repeated = having('Hello');
    repeated.note(frame('"'), null, delta('"'));
    expect(repeated.find(frame('x'), null)).toEqual(delta('x'));
  });

  it('stops remembering where frames are never alike', () => {
    const repeated = new RepeatedText();
    for (let at = 0; at < 20; at++) repeated.note(frame('Hello', { at }), null, delta('Hello'));
    expect(repeated.find(frame('x', { at: 19 }), null)).toBeNull();
    expect(repeated.find(frame('x', { at: 7 }), null)).toEqual(delta('x'));
  });
});

/** What a stream says next: words of a kind, with a field that is the same in all frames or not, or something else. */
interface Said {
  readonly kind: 'text' | 'thought' | 'other';
  readonly text: string;
  readonly more: number | undefined;
}

const said: fc.Arbitrary<Said> = fc.record({
  kind: fc.constantFrom('text', 'text', 'text', 'thought', 'other'),
  text: fc.oneof(
    fc.constantFrom('a', ' b', '"', '\\', ':', 'text', 'é', '', 'id', '\n', '}', '\u2028'),
    fc.string({ unit: 'grapheme' }),
  ),
  more: fc.option(fc.nat(3), { nil: undefined, freq: 3 }),
});

type Frames = (words: readonly Said[]) => object[];

const FRAMES: Partial<Record<FormatId, Frames>> = {
  'openai-chat': (words) => [
    ...words.map(({ kind, text, more }) => {
      const field = kind === 'thought' ? 'reasoning_content' : 'content';
      const choices = [{ index: 0, delta: kind === 'other' ? { role: 'assistant' } : { [field]: text } }];
      return { id: 'a', object: 'chat.completion.chunk', choices, obfuscation: more };
    }),
    { id: 'a', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  ],
  'anthropic-messages': (words) => [
    { type: 'message_start', message: { id: 'a' } },
    ...words.map(({ kind, text, more }) => {
      if (kind === 'other') return { type: 'ping' };
      const told = kind === 'text' ? { type: 'text_delta', text } : { type: 'thinking_delta', thinking: text };
      return { type: 'content_block_delta', index: kind === 'text' ? 0 : 1, delta: told, more };
    }),
    { type: 'message_stop' },
  ],
  'openai-responses': (words) => {
    const whole = words.filter(({ kind }) => kind === 'text').map(({ text }) => text);
    const message = { type: 'message', id: 'm', role: 'assistant' };
    return [
      { type: 'response.created', response: { id: 'a' } },
      { type: 'response.output_item.added', output_index: 0, item: { type: 'reasoning', id: 'r' } },
      { type: 'response.output_item.added', output_index: 1, item: { ...message, content: [] } },
      ...words.map(({ kind, text, more }, at) => {
        if (kind === 'other') return { type: 'keepalive' };
        const type = kind === 'text' ? 'response.output_text.delta' : 'response.reasoning_text.delta';
        const place = { output_index: kind === 'text' ? 1 : 0, content_index: 0 };
        return {
          type,
          sequence_number: at,
          ...place,
          delta: text,
          logprobs: [],
          more,
          obfuscation: 'x'.repeat(at % 5),
        };
      }),
      {
        type: 'response.output_item.done',
        output_index: 1,
        item: { ...message, content: [{ type: 'output_text', text: `${whole.join('')} and more`, annotations: [] }] },
      },
      { type: 'response.completed', response: { id: 'a', status: 'completed' } },
    ];
  },
  'cohere-chat': (words) => [
    { type: 'message-start', id: 'a' },
    ...words.map(({ kind, text, more }) => {
      if (kind === 'other') return { type: 'content-end', index: 0 };
      const content = kind === 'text' ? { text } : { thinking: text };
      return { type: 'content-delta', index: 0, delta: { message: { content } }, more };
    }),
    { type: 'message-end', delta: { finish_reason: 'COMPLETE' } },
  ],
  'gemini-generate-content': (words) => [
    ...words.map(({ kind, text, more }) => {
      const parts = kind === 'other' ? [] : [{ text, ...(kind === 'thought' && { thought: true }) }];
      return { candidates: [{ index: 0, content: { role: 'model', parts } }], responseId: 'a', more };
    }),
    { candidates: [{ index: 0, content: { parts: [{ text: 'end' }] }, groundingMetadata: GROUNDING }] },
    { candidates: [{ index: 0, finishReason: 'STOP' }] },
  ],
};
const GROUNDING = {
  groundingChunks: [{ web: { uri: 'https://example.org', title: 'An example' } }],
  groundingSupports: [{ segment: { startIndex: 1, endIndex: 3 }, groundingChunkIndices: [0] }],
};

/** Blanks that say nothing, so many that no frame is like the one before. */
const unlike = (json: string, at: number): string => `{${' '.repeat(at)}${json.slice(1)}`;

function decoded(format: FormatId, frames: readonly string[]): readonly StreamEvent[] {
  const decoder = WIRE_FORMATS[format]!.decodeEvents();
  const events = frames.flatMap((data) => [...decoder.push(Buffer.from(`data: ${data}\n\n`))]);
  return [...events, ...decoder.end()];
}

describe.each(Object.entries(FRAMES) as [FormatId, Frames][])('streams of %s', (format, framesOf) => {
  it('say the same whether their frames are alike or not', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 30 }), (words) => {
        const frames = framesOf(words).map((value) => JSON.stringify(value));
        expect(decoded(format, frames)).toEqual(decoded(format, frames.map(unlike)));
      }),
      { numRuns: 300 },
    );
  });

  it('say the same behind words that are not ASCII', () => {
    const words = ['a', 'b', 'c', 'd', 'é'].map((text): Said => ({ kind: 'text', text, more: undefined }));
    const frames = framesOf(words).map((value) => JSON.stringify(value));
    expect(decoded(format, frames)).toEqual(decoded(format, frames.map(unlike)));
  });
});
