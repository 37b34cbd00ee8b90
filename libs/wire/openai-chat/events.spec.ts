import { LossReport, type StreamEvent } from '../../protocol/index.js';
import { decodeEvents } from './decode-events.js';
import { encodeEvents } from './encode-events.js';

type Delta = Record<string, unknown>;

const chunk = (choices: unknown[], more: Delta = {}): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 17, model: 'gpt', choices, ...more })}\n\n`;
const delta = (value: Delta, finish_reason: string | null = null, index = 0): string =>
  chunk([{ index, delta: value, finish_reason }]);
const call = (fields: Delta): string => delta({ tool_calls: [fields] });
const DONE = 'data: [DONE]\n\n';

function decoded(...parts: string[]): StreamEvent[] {
  const decoder = decodeEvents();
  const events = parts.flatMap((part) => [...decoder.push(Buffer.from(part))]);
  return [...events, ...decoder.end()];
}

/** Events in a word each, with what they carry. */
function story(...parts: string[]): string[] {
  return decoded(...parts).map((event) => {
    switch (event.type) {
      case 'part-start':
        return `<${String(event.choice)}.${String(event.index)} ${event.part.type}${event.part.type === 'tool-call' ? ` ${event.part.id} ${event.part.name}` : ''}`;
      case 'part-end':
        return `>${String(event.choice)}.${String(event.index)}`;
      case 'choice-finish':
        return `finish ${String(event.choice)} ${event.finish.reason}`;
      case 'error':
        return `error ${event.error.kind}`;
      default:
        return 'text' in event ? `${event.type} ${String(event.index)} ${event.text}` : event.type;
    }
  });
}

describe('a stream of chat chunks', () => {
  it('is a start, a part with its text, a finish, the usage and an end', () => {
    const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };
    const events = decoded(
      delta({ role: 'assistant', content: '' }),
      delta({ content: 'Hel' }),
      delta({ content: 'lo' }),
      delta({}, 'stop'),
      chunk([], { usage }),
      DONE,
    );
    expect(events).toEqual([
      { type: 'answer-start', source: 'openai-chat', id: 'chatcmpl-1', model: 'gpt', created: 17 },
      { type: 'part-start', choice: 0, index: 0, part: { type: 'text', text: '' } },
      { type: 'text-delta', choice: 0, index: 0, text: 'Hel' },
      { type: 'text-delta', choice: 0, index: 0, text: 'lo' },
      {
        type: 'usage-update',
        usage: expect.objectContaining({ promptTokens: 9, completionTokens: 2 }),
        raw: { format: 'openai-chat', value: usage },
      },
      { type: 'part-end', choice: 0, index: 0 },
      { type: 'choice-finish', choice: 0, finish: { reason: 'stop', raw: 'stop', format: 'openai-chat' } },
      { type: 'answer-end' },
    ]);
  });

  it('tells reasoning, text and refusal as parts of their own', () => {
    expect(
      story(delta({ reasoning_content: 'hm' }), delta({ content: 'yes' }), delta({ refusal: 'no' }, 'stop'), DONE),
    ).toEqual([
      'answer-start',
      '<0.0 reasoning',
      'reasoning-delta 0 hm',
      '>0.0',
      '<0.1 text',
      'text-delta 1 yes',
      '>0.1',
      '<0.2 refusal',
      'refusal-delta 2 no',
      '>0.2',
      'finish 0 stop',
      'answer-end',
    ]);
  });

  it('takes `reasoning` too, and says once what two fields say', () => {
    expect(
      story(delta({ reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }, 'stop'), DONE),
    ).toEqual(['answer-start', '<0.0 reasoning', 'reasoning-delta 0 hm', '>0.0', 'finish 0 stop', 'answer-end']);
  });

  it('keeps the choices apart', () => {
    expect(
      story(
        delta({ content: 'b' }, null, 1),
        delta({ content: 'a' }, null, 0),
        delta({}, 'stop', 1),
        delta({}, 'length', 0),
        DONE,
      ),
    ).toEqual([
      'answer-start',
      '<1.0 text',
      'text-delta 0 b',
      '<0.0 text',
      'text-delta 0 a',
      '>0.0',
      'finish 0 length',
      '>1.0',
      'finish 1 stop',
      'answer-end',
    ]);
  });

  it('ends well without [DONE] when every choice has its reason', () => {
    expect(story(delta({ content: 'a' }, 'stop')).at(-1)).toBe('answer-end');
    expect(story(delta({ content: 'a' }, 'stop'), delta({ content: 'b' }, null, 1)).at(-1)).toBe('error incomplete');
  });

  it('ends well where the last event lacks its blank line', () => {
    expect(story(delta({ content: 'a' }, 'stop').trimEnd()).at(-1)).toBe('answer-end');
  });

  it.each([
    ['nothing', '', 'error incomplete'],
    ['only the mark', DONE, 'error incomplete'],
    ['no reason', delta({ content: 'a' }), 'error incomplete'],
    ['half an event', `${delta({ content: 'a' })}data: {"id":"chat`, 'error malformed'],
    ['HTML', 'data: <html>\n\n', 'error malformed'],
    ['a list', 'data: []\n\n', 'error malformed'],
    ['a number', 'data: 12\n\n', 'error malformed'],
    ['an absurd choice', chunk([{ index: 1e9, delta: {} }]), 'error malformed'],
    ['a negative choice', chunk([{ index: -1, delta: {} }]), 'error malformed'],
    ['an error', 'data: {"error":{"message":"no","type":"server_error","code":503}}\n\n', 'error overloaded'],
    [
      'a flat error',
      'data: {"object":"error","message":"no","type":"invalid_request_error"}\n\n',
      'error invalid-request',
    ],
    [
      'an error event',
      'event: error\ndata: {"error":{"message":"no","type":"rate_limit_error"}}\n\n',
      'error rate-limit',
    ],
  ])('fails where it brings %s', (_, text, last) => {
    const events = story(text);
    expect(events.at(-1)).toBe(last);
    expect(events).not.toContain('answer-end');
  });

  it('says nothing behind an error', () => {
    expect(story('data: []\n\n', delta({ content: 'later' }, 'stop'), DONE)).toEqual(['error malformed']);
  });

  it('fails at an event over the cap and says so', () => {
    const decoder = decodeEvents({ maxFrameBytes: 100 });
    const events = decoder.push(Buffer.from(`data: ${'x'.repeat(200)}`));
    expect(events).toEqual([{ type: 'error', error: expect.objectContaining({ kind: 'frame-too-large' }) }]);
    expect(decoder.push(Buffer.from(DONE))).toEqual([]);
    expect(decoder.end()).toEqual([]);
  });

  it('passes over empty data, comments and fields it does not read, and keeps those of providers', () => {
    const events = decoded(
      'data: \n\n',
      ': x\n\n',
      delta({ content: 'a' }, 'stop').replace('"id"', '"x_new":{"a":1},"obfuscation":"zz","id"'),
      DONE,
    );
    expect(events.filter(({ type }) => type === 'extensions-add')).toEqual([
      { type: 'extensions-add', extensions: { 'openai-chat': { x_new: { a: 1 } } } },
    ]);
  });
});

describe('tool calls in a stream', () => {
  const named = (index: number, id: string, name: string, text = ''): string =>
    call({ index, id, type: 'function', function: { name, arguments: text } });
  const more = (index: number, text: string): string => call({ index, function: { arguments: text } });
  const calls = (...parts: string[]): string[] =>
    story(...parts, delta({}, 'tool_calls'), DONE).filter((one) => /^(<|arguments|finish)/.test(one));

  it('are known by their index, also when they interleave', () => {
    expect(
      calls(named(0, 'a', 'f'), named(1, 'b', 'g'), more(1, '{"y"'), more(0, '{"x"'), more(1, ':2}'), more(0, ':1}')),
    ).toEqual([
      '<0.0 tool-call a f',
      '<0.1 tool-call b g',
      'arguments-delta 1 {"y"',
      'arguments-delta 0 {"x"',
      'arguments-delta 1 :2}',
      'arguments-delta 0 :1}',
      'finish 0 tool-calls',
    ]);
  });

  it('are known by their id where the index is missing, and go on with the last without either', () => {
    const other = (id: string, name: string): string => call({ id, function: { name, arguments: '{' } });
    expect(
      calls(
        other('a', 'f'),
        call({ function: { arguments: '}' } }),
        other('b', 'g'),
        call({ id: 'a', function: { arguments: ' ' } }),
      ),
    ).toEqual([
      '<0.0 tool-call a f',
      'arguments-delta 0 {',
      'arguments-delta 0 }',
      '<0.1 tool-call b g',
      'arguments-delta 1 {',
      'arguments-delta 0  ',
      'finish 0 tool-calls',
    ]);
  });

  it('are two where one index has two ids', () => {
    expect(calls(named(0, 'a', 'f', '{}'), named(0, 'b', 'f', '{}'))).toEqual([
      '<0.0 tool-call a f',
      'arguments-delta 0 {}',
      '<0.1 tool-call b f',
      'arguments-delta 1 {}',
      'finish 0 tool-calls',
    ]);
  });

  it('get an id of their own where the provider gives none', () => {
    expect(
      calls(
        call({ index: 0, function: { name: 'f', arguments: '{}' } }),
        call({ index: 1, function: { name: 'f', arguments: '{}' } }),
      ),
    ).toEqual([
      '<0.0 tool-call call_chatcmpl-1_0_0 f',
      'arguments-delta 0 {}',
      '<0.1 tool-call call_chatcmpl-1_0_1 f',
      'arguments-delta 1 {}',
      'finish 0 tool-calls',
    ]);
  });

  it('begin when their name is known, with the arguments that came before it', () => {
    expect(
      calls(
        call({ index: 0, id: 'a', function: { arguments: '{"x"' } }),
        call({ index: 0, function: { name: 'f', arguments: ':1}' } }),
      ),
    ).toEqual(['<0.0 tool-call a f', 'arguments-delta 0 {"x":1}', 'finish 0 tool-calls']);
  });

  it('are told without a name at the end, and fail when too much came without one', () => {
    expect(calls(call({ index: 0, id: 'a', function: { arguments: '{}' } }))).toEqual([
      '<0.0 tool-call a ',
      'arguments-delta 0 {}',
      'finish 0 tool-calls',
    ]);
    expect(story(call({ index: 0, function: { arguments: 'x'.repeat(70_000) } })).at(-1)).toBe('error malformed');
  });

  it('keep arguments that are no JSON, and take objects as their text', () => {
    expect(
      calls(named(0, 'a', 'f', 'not json'), call({ index: 1, id: 'b', function: { name: 'g', arguments: { x: 1 } } })),
    ).toEqual([
      '<0.0 tool-call a f',
      'arguments-delta 0 not json',
      '<0.1 tool-call b g',
      'arguments-delta 1 {"x":1}',
      'finish 0 tool-calls',
    ]);
  });

  it('make the finish one of tool calls though the provider says stop', () => {
    expect(story(named(0, 'a', 'f', '{}'), delta({}, 'stop'), DONE).at(-2)).toBe('finish 0 tool-calls');
  });

  it('are read from the field that was before them', () => {
    expect(
      calls(delta({ function_call: { name: 'f', arguments: '{' } }), delta({ function_call: { arguments: '}' } })),
    ).toEqual([
      '<0.0 tool-call call_chatcmpl-1_0_0 f',
      'arguments-delta 0 {',
      'arguments-delta 0 }',
      'finish 0 tool-calls',
    ]);
  });

  it('are no answer when there are a thousand and more', () => {
    const many = Array.from({ length: 1100 }, (_, index) => named(index, `c${String(index)}`, 'f'));
    expect(story(...many).at(-1)).toBe('error malformed');
  });
});

describe('the writer of chat chunks', () => {
  const context = (more: object = {}): Parameters<typeof encodeEvents>[0] => ({
    report: new LossReport('anthropic-messages', 'openai-chat'),
    id: 'made-up',
    created: 5,
    model: 'alias',
    ...more,
  });
  const written = (events: StreamEvent[], more: object = {}): unknown[] => {
    const encoder = encodeEvents(context(more));
    const text = events.map((event) => encoder.push(event).toString()).join('');
    expect(text.endsWith('\n\n') || text === '').toBe(true);
    return text
      .split('\n\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => (line === 'data: [DONE]' ? 'DONE' : (JSON.parse(line.slice(6)) as unknown)));
  };
  const begin: StreamEvent = { type: 'answer-start', source: 'anthropic-messages' };
  const head = { id: 'made-up', object: 'chat.completion.chunk', created: 5, model: 'alias' };
  const finish: StreamEvent = { type: 'choice-finish', choice: 0, finish: { reason: 'stop' } };
  const usage: StreamEvent = {
    type: 'usage-update',
    usage: {
      ...{ promptTokens: 9, completionTokens: 2, totalTokens: 11, cachedTokens: 4, cacheWrite5mTokens: 1 },
      ...{
        cacheWrite1hTokens: 0,
        audioInputTokens: 0,
        cachedAudioTokens: 0,
        imageInputTokens: 0,
        cachedImageTokens: 0,
      },
      ...{
        reasoningTokens: 1,
        audioOutputTokens: 0,
        imageOutputTokens: 0,
        audioSeconds: 0,
        webSearches: 0,
        searchUnits: 0,
      },
    },
  };

  it('gives every chunk its head, begins with the role, ends with usage and [DONE]', () => {
    const part: StreamEvent = { type: 'part-start', choice: 0, index: 0, part: { type: 'text', text: '' } };
    const words: StreamEvent = { type: 'text-delta', choice: 0, index: 0, text: 'a "b"\n' };
    const choice = (delta: object, finish_reason: string | null = null): object => ({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    });
    expect(written([begin, usage, part, words, finish, { type: 'answer-end' }], { includeUsage: true })).toEqual([
      choice({ role: 'assistant', content: '' }),
      choice({ content: 'a "b"\n' }),
      choice({}, 'stop'),
      {
        ...head,
        choices: [],
        usage: {
          prompt_tokens: 9,
          completion_tokens: 2,
          total_tokens: 11,
          prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0, cache_write_tokens: 1 },
          completion_tokens_details: { reasoning_tokens: 1, audio_tokens: 0 },
        },
      },
      'DONE',
    ]);
  });

  it('hides usage nobody asked for', () => {
    expect(JSON.stringify(written([begin, usage, finish, { type: 'answer-end' }]))).not.toContain('usage');
  });

  it('counts tool calls by themselves and names each once', () => {
    const tool = (index: number): StreamEvent => ({
      type: 'part-start',
      choice: 0,
      index,
      part: { type: 'tool-call', id: `c${String(index)}`, name: 'f', arguments: '' },
    });
    const args = (index: number): StreamEvent => ({ type: 'arguments-delta', choice: 0, index, text: '{}' });
    const chunks = written([begin, tool(1), args(1), tool(3), args(3), args(1)]);
    const calls = chunks.flatMap(
      (one) => (one as { choices: { delta: { tool_calls?: object[] } }[] }).choices[0]?.delta.tool_calls ?? [],
    );
    expect(calls).toEqual([
      { index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '' } },
      { index: 0, function: { arguments: '{}' } },
      { index: 1, id: 'c3', type: 'function', function: { name: 'f', arguments: '' } },
      { index: 1, function: { arguments: '{}' } },
      { index: 0, function: { arguments: '{}' } },
    ]);
  });

  it('ends a failed stream with its error and without [DONE], and writes nothing more', () => {
    const error = { kind: 'overloaded', status: 529, message: 'Overloaded', retryable: true } as const;
    expect(written([begin, { type: 'error', error }, finish, { type: 'answer-end' }])).toEqual([
      { error: { message: 'Overloaded', type: 'api_error', param: null, code: 'service_unavailable' } },
    ]);
  });

  it('keeps the connection alive by a comment', () => {
    const encoder = encodeEvents(context());
    encoder.push(begin);
    expect(encoder.push({ type: 'keep-alive' })).toBe(':\n\n');
  });
});
