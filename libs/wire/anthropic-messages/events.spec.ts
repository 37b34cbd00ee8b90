import { LossReport, NO_USAGE, type Part, type StreamEvent } from '../../protocol/index.js';
import { decodeEvents } from './decode-events.js';
import { encodeEvents } from './encode-events.js';

type Fields = Record<string, unknown>;

const sse = (fields: Fields): string => `event: ${String(fields['type'])}\ndata: ${JSON.stringify(fields)}\n\n`;
const START = sse({
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 25, cache_read_input_tokens: 10, output_tokens: 1 },
  },
});
const block = (index: number | undefined, content_block: Fields): string =>
  sse({ type: 'content_block_start', index, content_block });
const delta = (index: number | undefined, value: Fields): string =>
  sse({ type: 'content_block_delta', index, delta: value });
const stop = (index?: number): string => sse({ type: 'content_block_stop', index });
const reason = (stop_reason: string | null, more: Fields = {}): string =>
  sse({ type: 'message_delta', delta: { stop_reason, stop_sequence: null, ...more }, usage: { output_tokens: 15 } });
const END = sse({ type: 'message_stop' });
const text = (index: number | undefined, words: string): string => delta(index, { type: 'text_delta', text: words });
const json = (index: number | undefined, partial_json: string): string =>
  delta(index, { type: 'input_json_delta', partial_json });

function decoded(...parts: string[]): StreamEvent[] {
  const decoder = decodeEvents();
  const events = parts.flatMap((part) => [...decoder.push(Buffer.from(part))]);
  return [...events, ...decoder.end()];
}

function story(...parts: string[]): string[] {
  return decoded(...parts)
    .filter(({ type }) => type !== 'answer-start' && type !== 'usage-update')
    .map(short);
}

function short(event: StreamEvent): string {
  switch (event.type) {
    case 'part-start':
      return `<${String(event.index)} ${event.part.type}`;
    case 'part-end':
      return `>${String(event.index)}`;
    case 'choice-finish':
      return `finish ${event.finish.reason}`;
    case 'error':
      return `error ${event.error.kind}`;
    default:
      return 'text' in event ? `${event.type} ${String(event.index)} ${event.text}` : event.type;
  }
}

describe('a stream of Messages events', () => {
  it('is a start with its usage, blocks, a finish and an end', () => {
    const events = decoded(
      START,
      sse({ type: 'ping' }),
      block(0, { type: 'text', text: '' }),
      text(0, 'Hi'),
      stop(0),
      reason('end_turn'),
      END,
    );
    expect(events.map(({ type }) => type)).toEqual([
      'answer-start',
      'usage-update',
      'keep-alive',
      'part-start',
      'text-delta',
      'part-end',
      'usage-update',
      'choice-finish',
      'answer-end',
    ]);
    expect(events[0]).toMatchObject({ source: 'anthropic-messages', id: 'msg_1', model: 'claude' });
    const usages = events.filter((event) => event.type === 'usage-update');
    expect(
      usages.map(({ usage: { promptTokens, cachedTokens, completionTokens } }) => [
        promptTokens,
        cachedTokens,
        completionTokens,
      ]),
    ).toEqual([
      [35, 10, 1],
      [35, 10, 15],
    ]);
  });

  it('keeps counts that a later event has as null', () => {
    const last = sse({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      usage: { input_tokens: null, cache_read_input_tokens: null, output_tokens: 3 },
    });
    const usage = decoded(START, last, END).findLast((event) => event.type === 'usage-update');
    expect(usage).toMatchObject({
      usage: { promptTokens: 35, cachedTokens: 10, completionTokens: 3 },
      raw: { value: { input_tokens: 25, cache_read_input_tokens: 10, output_tokens: 3 } },
    });
  });

  it('tells thinking with its signature, hidden thoughts, tools and citations', () => {
    const location = {
      type: 'char_location',
      cited_text: 'q',
      document_index: 0,
      start_char_index: 1,
      end_char_index: 2,
    };
    const events = decoded(
      START,
      block(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'hm' }),
      delta(0, { type: 'signature_delta', signature: 'Er==' }),
      stop(0),
      block(1, { type: 'redacted_thinking', data: 'EmwK' }),
      stop(1),
      block(2, { type: 'text', text: '', citations: [] }),
      text(2, 'yes'),
      delta(2, { type: 'citations_delta', citation: location }),
      stop(2),
      block(3, { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }),
      json(3, ''),
      json(3, '{"a":'),
      json(3, '1}'),
      stop(3),
      reason('tool_use'),
      END,
    );
    expect(events.filter((event) => event.type === 'part-start').map(({ part }) => part)).toMatchObject([
      { type: 'reasoning', text: '' },
      { type: 'reasoning', redacted: true, encrypted: { origin: 'anthropic-messages', value: 'EmwK' } },
      { type: 'text', text: '' },
      { type: 'tool-call', id: 'toolu_1', name: 'f', arguments: '' },
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'signature-set', signature: { origin: 'anthropic-messages', value: 'Er==' } }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'citation-add',
        citation: expect.objectContaining({ kind: 'document', quote: 'q', source: { unit: 'char', from: 1, to: 2 } }),
      }),
    );
    expect(events.flatMap((event) => (event.type === 'arguments-delta' ? [event.text] : []))).toEqual(['{"a":', '1}']);
  });

  it.each([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool-calls'],
    ['pause_turn', 'pause'],
    ['refusal', 'refusal'],
    ['something_new', 'other'],
  ])('ends by %s, which is %s', (word, meant) => {
    expect(story(START, reason(word), END)).toEqual([`finish ${meant}`, 'answer-end']);
  });

  it('knows which stop sequence it was', () => {
    const finish = decoded(START, reason('stop_sequence', { stop_sequence: 'END' }), END).find(
      ({ type }) => type === 'choice-finish',
    );
    expect(finish).toMatchObject({ finish: { reason: 'stop', stopSequence: 'END' } });
  });

  it('takes blocks side by side, and stops in any order', () => {
    const tool = (index: number): string =>
      block(index, { type: 'tool_use', id: `t${String(index)}`, name: 'f', input: {} });
    expect(
      story(
        START,
        tool(0),
        tool(1),
        json(1, '{'),
        json(0, '['),
        stop(1),
        json(0, ']'),
        stop(0),
        stop(7),
        reason('tool_use'),
        END,
      ),
    ).toEqual([
      '<0 tool-call',
      '<1 tool-call',
      'arguments-delta 1 {',
      'arguments-delta 0 [',
      '>1',
      'arguments-delta 0 ]',
      '>0',
      'finish tool-calls',
      'answer-end',
    ]);
  });

  it('ends blocks that never stopped, and one that is begun again', () => {
    expect(
      story(
        START,
        block(0, { type: 'text', text: 'a' }),
        block(0, { type: 'text', text: 'b' }),
        reason('end_turn'),
        END,
      ),
    ).toEqual(['<0 text', 'text-delta 0 a', '>0', '<1 text', 'text-delta 1 b', '>1', 'finish stop', 'answer-end']);
  });

  it('takes what has no index for the last block, and words without a block for one', () => {
    expect(
      story(
        START,
        block(undefined, { type: 'text', text: '' }),
        text(undefined, 'a'),
        stop(),
        text(4, 'b'),
        reason('end_turn'),
        END,
      ),
    ).toEqual(['<0 text', 'text-delta 0 a', '>0', '<1 text', 'text-delta 1 b', '>1', 'finish stop', 'answer-end']);
  });

  it('takes the input of a tool that is told whole at the start', () => {
    const whole = block(0, { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } });
    expect(story(START, whole, stop(0), END)).toContain('arguments-delta 0 {"a":1}');
    expect(story(START, whole, json(0, '{"a":2}'), stop(0), END).filter((one) => one.startsWith('arg'))).toEqual([
      'arguments-delta 0 {"a":2}',
    ]);
  });

  it('keeps blocks and events it does not know', () => {
    const events = decoded(
      START,
      block(0, { type: 'hologram', x: 1 }),
      stop(0),
      sse({ type: 'weather', rain: true }),
      END,
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        part: { type: 'opaque', format: 'anthropic-messages', value: { type: 'hologram', x: 1 } },
      }),
    );
    expect(events).toContainEqual({
      type: 'extensions-add',
      extensions: { 'anthropic-messages': { weather: { type: 'weather', rain: true } } },
    });
    expect(events.at(-1)).toEqual({ type: 'answer-end' });
  });

  it('reads events that lack their `event:` line', () => {
    expect(story(START.replace(/^event.*\n/, ''), END.replace(/^event.*\n/, '')).at(-1)).toBe('answer-end');
  });

  it.each([
    ['nothing', [], 'incomplete'],
    ['no end', [START, block(0, { type: 'text', text: 'a' }), stop(0), reason('end_turn')], 'incomplete'],
    ['no beginning', [block(0, { type: 'text', text: 'a' })], 'malformed'],
    ['only an end', [END], 'malformed'],
    ['input for a text', [START, block(0, { type: 'text', text: '' }), json(0, '{}')], 'malformed'],
    ['input for no block', [START, json(3, '{}')], 'malformed'],
    ['a delta for no block', [START, delta(undefined, { type: 'signature_delta', signature: 'x' })], 'malformed'],
    ['HTML', ['data: <html>\n\n'], 'malformed'],
    ['an event without a type', [START, 'data: {}\n\n'], 'malformed'],
    ['half an event', [START, 'data: {"type":"mess'], 'malformed'],
    [
      'an overload',
      [START, sse({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })],
      'overloaded',
    ],
    ['an error first', [sse({ type: 'error', error: { type: 'rate_limit_error', message: 'slow' } })], 'rate-limit'],
    [
      'too many open blocks',
      [START, ...Array.from({ length: 1100 }, (_, at) => block(at, { type: 'text', text: '' }))],
      'malformed',
    ],
  ])('fails where it brings %s', (_, parts, kind) => {
    const events = story(...parts, ...(kind === 'incomplete' ? [] : [END]));
    expect(events.at(-1)).toBe(`error ${kind}`);
    expect(events).not.toContain('answer-end');
  });
});

describe('the writer of Messages events', () => {
  const begin: StreamEvent = { type: 'answer-start', source: 'openai-chat', id: 'chatcmpl-1', model: 'gpt' };
  const done: StreamEvent[] = [
    { type: 'choice-finish', choice: 0, finish: { reason: 'stop' } },
    { type: 'answer-end' },
  ];
  const start = (index: number, part: Part, choice = 0): StreamEvent => ({ type: 'part-start', choice, index, part });
  const said = (
    type: 'text-delta' | 'arguments-delta' | 'reasoning-delta',
    index: number,
    words: string,
  ): StreamEvent => ({ type, choice: 0, index, text: words });
  const end = (index: number): StreamEvent => ({ type: 'part-end', choice: 0, index });
  const tool = (id: string): Part => ({ type: 'tool-call', id, name: 'f', arguments: '' });

  function written(events: readonly StreamEvent[]): { lines: string[]; data: any[]; report: LossReport } {
    const report = new LossReport('openai-chat', 'anthropic-messages');
    const encoder = encodeEvents({ report, id: 'msg_made', created: 1, model: null });
    const out = events.map((event) => encoder.push(event).toString()).join('');
    const frames = out.split('\n\n').filter((one) => one !== '');
    const data = frames.map((one) => JSON.parse(one.split('\ndata: ')[1]!) as { type: string });
    expect(frames.map((one) => one.split('\n')[0])).toEqual(data.map(({ type }) => `event: ${type}`));
    return { lines: data.map(summaryOf), data, report };
  }

  function summaryOf(event: any): string {
    const about = event.content_block?.type ?? event.delta?.type ?? event.delta?.stop_reason ?? '';
    return [event.type, event.index ?? '', about].join(' ').trim();
  }

  it('is a message of blocks with the usage known at its beginning and at its end', () => {
    const first: StreamEvent = {
      type: 'usage-update',
      usage: { ...NO_USAGE, promptTokens: 30, cachedTokens: 10, completionTokens: 1, totalTokens: 31 },
    };
    const last: StreamEvent = {
      type: 'usage-update',
      usage: { ...NO_USAGE, promptTokens: 30, cachedTokens: 10, completionTokens: 7, totalTokens: 37 },
    };
    const { lines, data } = written([
      begin,
      first,
      start(0, { type: 'text', text: '' }),
      said('text-delta', 0, 'hi'),
      end(0),
      last,
      ...done,
    ]);
    expect(lines).toEqual([
      'message_start',
      'content_block_start 0 text',
      'content_block_delta 0 text_delta',
      'content_block_stop 0',
      'message_delta  end_turn',
      'message_stop',
    ]);
    expect(data[0].message).toMatchObject({
      id: 'chatcmpl-1',
      type: 'message',
      role: 'assistant',
      model: 'gpt',
      content: [],
      usage: { input_tokens: 20, cache_read_input_tokens: 10 },
    });
    expect(data[4].usage).toMatchObject({ input_tokens: 20, output_tokens: 7 });
  });

  it('puts parallel tool calls in a row', () => {
    const { lines } = written([
      begin,
      start(0, tool('a')),
      start(1, tool('b')),
      said('arguments-delta', 1, '{"y":2}'),
      said('arguments-delta', 0, '{"x":1}'),
      end(0),
      end(1),
      { type: 'choice-finish', choice: 0, finish: { reason: 'tool-calls' } },
      { type: 'answer-end' },
    ]);
    expect(lines).toEqual([
      'message_start',
      'content_block_start 0 tool_use',
      'content_block_delta 0 input_json_delta',
      'content_block_stop 0',
      'content_block_start 1 tool_use',
      'content_block_delta 1 input_json_delta',
      'content_block_stop 1',
      'message_delta  tool_use',
      'message_stop',
    ]);
  });

  it('shows a thought that can be read as thinking, sealed where others signed it', () => {
    const { data } = written([
      begin,
      start(0, { type: 'reasoning', text: '' }),
      said('reasoning-delta', 0, 'hm'),
      { type: 'signature-set', choice: 0, index: 0, signature: { origin: 'openai-responses', value: 'sig' } },
      end(0),
      ...done,
    ]);
    expect(data.slice(1, 5)).toEqual([
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
      {
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'signature_delta', signature: 'og1:openai-responses:s::sig' },
      },
      { type: 'content_block_stop', index: 0 },
    ]);
  });

  it('shows one that cannot as redacted, and one without anything not at all', () => {
    const encrypted = { origin: 'openai-responses', value: 'gAAA' } as const;
    const { data } = written([
      begin,
      start(0, { type: 'reasoning', text: '' }),
      end(0),
      start(1, { type: 'reasoning', text: '', id: 'rs_1' }),
      { type: 'signature-set', choice: 0, index: 1, encrypted },
      end(1),
      ...done,
    ]);
    expect(data.slice(1, 3)).toEqual([
      {
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'redacted_thinking', data: 'og1:openai-responses:e:rs_1:gAAA' },
      },
      { type: 'content_block_stop', index: 0 },
    ]);
  });

  it('tells a refusal as text and as the reason', () => {
    const { data, report } = written([
      begin,
      start(0, { type: 'refusal', text: '' }),
      { type: 'refusal-delta', choice: 0, index: 0, text: 'no' },
      end(0),
      ...done,
    ]);
    expect(data[2].delta).toEqual({ type: 'text_delta', text: 'no' });
    expect(data.at(-2).delta.stop_reason).toBe('refusal');
    expect(report.lossy).toBe(true);
  });

  it('leaves other choices out and says so', () => {
    const { lines, report } = written([begin, start(0, { type: 'text', text: '' }, 1), ...done]);
    expect(lines).toEqual(['message_start', 'message_delta  end_turn', 'message_stop']);
    expect(report.summary().reasons).toEqual([{ path: 'choices[1]', reason: 'the target has one choice' }]);
  });

  it('ends a failed stream with its error and without an end, and writes nothing more', () => {
    const error = { kind: 'rate-limit', status: 429, message: 'slow down', retryable: true } as const;
    const { data } = written([begin, start(0, { type: 'text', text: '' }), { type: 'error', error }, ...done]);
    expect(data.at(-1)).toEqual({ type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } });
    expect(data.map(({ type }) => type)).not.toContain('message_stop');
  });

  it('keeps the connection alive by a ping', () => {
    expect(written([begin, { type: 'keep-alive' }]).lines).toEqual(['message_start', 'ping']);
  });
});
