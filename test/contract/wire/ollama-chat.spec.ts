import {
  type CanonicalRequest,
  GatewayError,
  LossReport,
  type StreamEvent,
  wireError,
} from '../../../libs/protocol/index.js';
import { OLLAMA_CHAT, OPENAI_CHAT, OPENAI_RESPONSES } from '../../../libs/wire/index.js';
import { describeFormat, type Said } from './format-contract.js';
import type { Exchange } from './recorded-exchanges.js';

interface Line {
  message?: { content?: string; tool_calls?: { function: { name: string; arguments: object } }[] };
  done_reason?: string;
}

function linesOf(bytes: Buffer): unknown[] {
  return bytes
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as unknown);
}

function bytesOf({ response }: Exchange): Buffer | null {
  return response.ndjson === undefined ? null : Buffer.from(response.ndjson);
}

function said(exchange: Exchange): Said {
  const calls: { name: string; arguments: string }[] = [];
  let text = '';
  let finished = false;
  for (const { message = {}, done_reason: reason } of linesOf(bytesOf(exchange)!) as Line[]) {
    text += message.content ?? '';
    for (const { function: called } of message.tool_calls ?? [])
      calls.push({ name: called.name, arguments: JSON.stringify(called.arguments) });
    if (reason !== undefined) finished = true;
  }
  return { text, calls, finished };
}

describeFormat({
  format: OLLAMA_CHAT,
  wires: ['ollama.chat'],
  extensions: {},
  streamBytes: bytesOf,
  said,
  documents: {
    of: linesOf,
    framed: (documents) => Buffer.from(documents.map((one) => `${JSON.stringify(one)}\n`).join('')),
  },
});

/** Cases of Ollama's documentation and of its server's source. https://docs.ollama.com/api/chat */
describe('Ollama chat, as documented', () => {
  const TOOLS = [
    {
      type: 'function',
      function: {
        name: 'get_temperature',
        description: 'Get the current temperature',
        parameters: { type: 'object', required: ['city'], properties: { city: { type: 'string' } } },
      },
    },
  ];

  const asked = (body: object): CanonicalRequest =>
    OLLAMA_CHAT.decodeRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...body });

  const toOllama = (body: object, from = OPENAI_CHAT): { body: Record<string, unknown>; lost: string[] } => {
    const request = from.decodeRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...body });
    const report = new LossReport(request.source, 'ollama-chat');
    const written = OLLAMA_CHAT.encodeRequest(request, { report }).body;
    return { body: { ...written }, lost: report.summary().reasons.map(({ path }) => path) };
  };

  const fromOllama = (body: object): Record<string, unknown> => {
    const report = new LossReport('ollama-chat', 'openai-chat');
    return OPENAI_CHAT.encodeRequest(asked(body), { report }).body;
  };

  const events = (...lines: object[]): readonly StreamEvent[] => {
    const decoder = OLLAMA_CHAT.decodeEvents();
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return [...decoder.push(bytes), ...decoder.end()];
  };

  it('streams unless it is told not to', () => {
    expect(asked({}).stream).toBe(true);
    expect(asked({ stream: false }).stream).toBe(false);
    expect(toOllama({}).body['stream']).toBe(false);
  });

  it.each([
    [{ role: 'user' }, {}],
    [{ role: 'nobody', content: 'x' }, {}],
    [{ role: 'user', content: [{ type: 'text', text: 'x' }] }, {}],
    [{ role: 'user', content: 'x', images: [7] }, {}],
    [{ role: 'user', content: 'x' }, { format: 'yaml' }],
    [{ role: 'user', content: 'x' }, { think: 3 }],
    [{ role: 'user', content: 'x' }, { options: { temperature: 'hot' } }],
  ])('takes %j with %j only if the server would', (message, more) => {
    const decode = (): unknown => asked({ messages: [message], ...more });
    if (!('content' in message)) expect(decode).not.toThrow();
    else expect(decode).toThrow(GatewayError);
  });

  it('joins results of tools to their calls by id, by name, and by their order', () => {
    const call = (name: string, id?: string): object => ({ id, function: { name, arguments: { a: 1 } } });
    const { messages } = asked({
      messages: [
        {
          role: 'assistant',
          content: '',
          tool_calls: [call('one'), call('two'), call('three', 'call_x'), call('four')],
        },
        { role: 'tool', content: '2', tool_name: 'two' },
        { role: 'tool', content: '3', tool_name: 'other', tool_call_id: 'call_x' },
        { role: 'tool', content: '1' },
        { role: 'tool', content: '4' },
      ],
    });
    const [said, ...results] = messages.map(({ parts }) => parts);
    const ids = Object.fromEntries(said!.map((part) => (part.type === 'tool-call' ? [part.name, part.id] : [])));
    expect(new Set(Object.values(ids)).size).toBe(4);
    expect(results.map(([part]) => part?.type === 'tool-result' && part.callId)).toEqual([
      ids['two'],
      'call_x',
      ids['one'],
      ids['four'],
    ]);
  });

  it('tells other formats of images with the type their bytes show, and takes images back by data only', () => {
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk';
    const { messages } = fromOllama({ messages: [{ role: 'user', content: 'see', images: [png] }] });
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } };
    const text = { type: 'text', text: 'see' };
    expect(messages).toEqual([{ role: 'user', content: [image, text] }]);
    const back = { messages: [{ role: 'user', content: 'see', images: [png] }] };
    expect(toOllama({ messages })).toMatchObject({ body: back, lost: [] });
    const behind = [{ role: 'user', content: [text, image] }];
    expect(toOllama({ messages: behind })).toMatchObject({ body: back, lost: ['messages[0].parts'] });
    const byUrl = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.org/y.png' } }] };
    expect(toOllama({ messages: [byUrl] })).toMatchObject({ body: { messages: [] }, lost: ['messages[0].parts[0]'] });
  });

  it('writes the history of tools with objects, names and ids', () => {
    const history = [
      { role: 'user', content: 'hot?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'get_temperature', arguments: '{"city":"Bonn"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: '22' },
    ];
    const { body, lost } = toOllama({ messages: history, tools: TOOLS, max_tokens: 9, stop: 'END', seed: 7 });
    expect(body).toEqual({
      model: 'm',
      messages: [
        { role: 'user', content: 'hot?' },
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ id: 'c1', function: { name: 'get_temperature', arguments: { city: 'Bonn' } } }],
        },
        { role: 'tool', content: '22', tool_name: 'get_temperature', tool_call_id: 'c1' },
      ],
      tools: TOOLS,
      options: { num_predict: 9, stop: ['END'], seed: 7 },
      stream: false,
    });
    expect(lost).toEqual([]);
  });

  it('takes a limit of nothing for none, and says so', () => {
    const { body, lost } = toOllama({ max_tokens: 0 });
    expect(body['options']).toBeUndefined();
    expect(lost).toEqual(['generation.maxOutputTokens']);
  });

  it('says what stood behind calls before them, and tells so', () => {
    const call = { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' };
    const said = {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'after', annotations: [] }],
    };
    const input = [{ role: 'user', content: 'hi' }, call, said];
    const request = OPENAI_RESPONSES.decodeRequest({ model: 'm', input });
    const report = new LossReport('openai-responses', 'ollama-chat');
    const { body } = OLLAMA_CHAT.encodeRequest(request, { report });
    expect(JSON.stringify(body['messages'])).toContain('"content":"after"');
    expect(report.summary().reasons).toEqual([
      { path: 'messages[1].parts[1]', reason: 'said before the calls it followed' },
    ]);
  });

  it('names what it cannot say', () => {
    const { body, lost } = toOllama({
      tools: TOOLS,
      tool_choice: 'required',
      parallel_tool_calls: false,
      logit_bias: { 1: 2 },
      reasoning_effort: 'medium',
      user: 'u',
    });
    expect(lost).toEqual(['generation.logitBias', 'parallelToolCalls', 'reasoning.effort', 'toolChoice', 'user']);
    expect(body).toMatchObject({ think: true, tools: TOOLS });
    expect(toOllama({ tools: TOOLS, tool_choice: 'none' })).toMatchObject({ lost: ['tools'] });
    expect(toOllama({ tools: TOOLS, tool_choice: 'none' }).body['tools']).toBeUndefined();
  });

  it('asks for levels of thinking where the model knows them', () => {
    const request = OPENAI_CHAT.decodeRequest({
      model: 'gpt-oss:20b',
      messages: [{ role: 'user', content: 'hi' }],
      reasoning_effort: 'high',
    });
    const report = new LossReport('openai-chat', 'ollama-chat');
    const traits = { reasoningStyle: 'effort' as const };
    expect(OLLAMA_CHAT.encodeRequest(request, { report, traits }).body['think']).toBe('high');
    expect(report.lossy).toBe(false);
    expect(fromOllama({ think: 'high' })['reasoning_effort']).toBe('high');
  });

  it('takes schemas and plain JSON for the format of the answer', () => {
    const schema = { type: 'object', properties: { age: { type: 'integer' } } };
    expect(asked({ format: schema }).responseFormat).toEqual({ type: 'json-schema', schema });
    expect(asked({ format: 'json' }).responseFormat).toEqual({ type: 'json' });
    const format = { type: 'json_schema', json_schema: { name: 'a', schema, strict: true } };
    expect(toOllama({ response_format: format })).toMatchObject({ body: { format: schema }, lost: [] });
  });

  it('takes no limit of tokens for what says that there is none, and keeps options nobody else knows', () => {
    const request = asked({ options: { num_predict: -1, num_ctx: 4096 }, keep_alive: '5m' });
    expect(request.generation.maxOutputTokens).toBeUndefined();
    const report = new LossReport('ollama-chat', 'ollama-chat');
    expect(OLLAMA_CHAT.encodeRequest(request, { report }).body).toMatchObject({
      options: { num_predict: -1, num_ctx: 4096 },
      keep_alive: '5m',
    });
    const loss = new LossReport('ollama-chat', 'openai-chat');
    OPENAI_CHAT.encodeRequest(request, { report: loss });
    expect(loss.summary().reasons.map(({ path }) => path)).toEqual([
      'keep_alive',
      'options.num_ctx',
      'options.num_predict',
    ]);
  });

  it('reads a stream with thoughts, words and calls, and gives calls ids of their own', () => {
    const head = { model: 'm', created_at: '2026-01-01T00:00:00.5Z' };
    const line = (message: object): object => ({
      ...head,
      message: { role: 'assistant', content: '', ...message },
      done: false,
    });
    const counts = { prompt_eval_count: 9, prompt_eval_cached_count: 4, eval_count: 3, total_duration: 12 };
    const read = events(
      line({ thinking: 'Hm' }),
      line({ thinking: '.' }),
      line({ content: 'Look' }),
      line({
        tool_calls: [
          { function: { name: 'f', arguments: { a: 1 } } },
          { id: 'x', function: { name: 'g', arguments: {} } },
        ],
      }),
      { ...head, message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', ...counts },
    );
    expect(read.map(({ type }) => type)).toEqual([
      'answer-start',
      ...['part-start', 'reasoning-delta', 'reasoning-delta', 'part-end'],
      ...['part-start', 'text-delta', 'part-end'],
      ...['part-start', 'arguments-delta', 'part-end'],
      ...['part-start', 'arguments-delta', 'part-end'],
      ...['usage-update', 'choice-finish', 'answer-end'],
    ]);
    expect(read.find((event) => event.type === 'choice-finish')?.finish.reason).toBe('tool-calls');
    expect(read.find((event) => event.type === 'usage-update')?.usage).toMatchObject({
      promptTokens: 9,
      cachedTokens: 4,
      completionTokens: 3,
    });
    const ids = read.flatMap((event) =>
      event.type === 'part-start' && event.part.type === 'tool-call' ? [event.part.id] : [],
    );
    expect(ids).toEqual([expect.stringMatching(/^call_[0-9a-z]+_0$/), 'x']);
  });

  it('writes whole calls in a stream, an error as its last line, and never an end behind it', () => {
    const encoder = OLLAMA_CHAT.encodeEvents({
      report: new LossReport('openai-chat', 'ollama-chat'),
      id: 'x',
      created: 1_700_000_000,
      model: 'called',
    });
    const call = { type: 'tool-call', id: 'c1', name: 'f', arguments: '' } as const;
    const out = [
      { type: 'answer-start', source: 'openai-chat' } as const,
      { type: 'part-start', choice: 0, index: 0, part: call } as const,
      { type: 'arguments-delta', choice: 0, index: 0, text: '{"a":' } as const,
      { type: 'keep-alive' } as const,
      { type: 'arguments-delta', choice: 0, index: 0, text: '1}' } as const,
      { type: 'part-end', choice: 0, index: 0 } as const,
      { type: 'error', error: wireError('overloaded', 'Busy') } as const,
      { type: 'answer-end' } as const,
    ].map((event) => encoder.push(event));
    expect(out.slice(0, 5).join('')).toBe('');
    expect(JSON.parse(out[5] as string)).toEqual({
      model: 'called',
      created_at: '2023-11-14T22:13:20.000Z',
      message: {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'c1', function: { index: 0, name: 'f', arguments: { a: 1 } } }],
      },
      done: false,
    });
    expect(out[6]).toBe('{"error":"Busy"}\n');
    expect(out[7]).toBe('');
  });

  it('reads an error in the midst of a stream', () => {
    const read = events(
      { message: { role: 'assistant', content: 'a' }, done: false },
      { error: 'model runner has unexpectedly stopped' },
    );
    expect(read.at(-1)).toMatchObject({ type: 'error', error: { message: 'model runner has unexpectedly stopped' } });
  });
});
