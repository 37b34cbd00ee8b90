import {
  type CanonicalAnswer,
  type CanonicalRequest,
  GatewayError,
  type LossReason,
  LossReport,
  wireError,
} from '../protocol/index.js';
import { ANTHROPIC_MESSAGES, OPENAI_CHAT, type TargetTraits, type WireFormat } from './index.js';

type Fields = Record<string, unknown>;

interface Told {
  body: any;
  headers: unknown;
  lost: readonly LossReason[];
  paths: string[];
}

function told(request: CanonicalRequest, target: WireFormat, traits: TargetTraits = {}): Told {
  const report = new LossReport(request.source, target.id);
  const { body, headers } = target.encodeRequest(request, { report, traits });
  const lost = report.summary().reasons;
  return { body: JSON.parse(JSON.stringify(body)), headers, lost, paths: lost.map(({ path }) => path) };
}

const toMessages = (body: Fields, traits?: TargetTraits): Told =>
  told(
    OPENAI_CHAT.decodeRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }], max_tokens: 4000, ...body }),
    ANTHROPIC_MESSAGES,
    traits,
  );
const toChat = (body: Fields, traits?: TargetTraits): Told =>
  told(
    ANTHROPIC_MESSAGES.decodeRequest({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      max_tokens: 4000,
      ...body,
    }),
    OPENAI_CHAT,
    traits,
  );

const CALL = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } };
const TOOL = {
  type: 'function',
  function: { name: 'get_weather', description: 'Weather', parameters: { type: 'object', properties: {} } },
};
const MESSAGES_TOOL = { name: 'get_weather', description: 'Weather', input_schema: { type: 'object', properties: {} } };
const PIXEL = 'iVBORw0KGgo=';

describe('a chat request for the Messages API', () => {
  it('is the same conversation: instructions, history, calls and results', () => {
    const { body, lost } = toMessages({
      messages: [
        { role: 'system', content: 'Be terse.' },
        { role: 'user', content: 'Weather in Paris and Rome?' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            CALL,
            { ...CALL, id: 'call_2', function: { name: 'get_weather', arguments: '{"city":"Rome"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '21' },
        { role: 'tool', tool_call_id: 'call_2', content: '25' },
        { role: 'assistant', content: '21 and 25.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'And this?' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
          ],
        },
      ],
      tools: [TOOL],
      temperature: 0.2,
      stop: 'END',
      stream: true,
      user: 'u-1',
    });
    expect(lost).toEqual([]);
    expect(body).toEqual({
      model: 'm',
      system: [{ type: 'text', text: 'Be terse.' }],
      messages: [
        { role: 'user', content: 'Weather in Paris and Rome?' },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'call_1', name: 'get_weather', input: { city: 'Paris' } },
            { type: 'tool_use', id: 'call_2', name: 'get_weather', input: { city: 'Rome' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_1', content: '21' },
            { type: 'tool_result', tool_use_id: 'call_2', content: '25' },
          ],
        },
        { role: 'assistant', content: '21 and 25.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'And this?' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
          ],
        },
      ],
      tools: [MESSAGES_TOOL],
      max_tokens: 4000,
      temperature: 0.2,
      stop_sequences: ['END'],
      stream: true,
      metadata: { user_id: 'u-1' },
    });
  });

  it('changes ids the API would refuse, of calls and results alike', () => {
    const { body } = toMessages({
      messages: [
        { role: 'assistant', content: '', tool_calls: [{ ...CALL, id: 'functions.f:0' }] },
        { role: 'tool', tool_call_id: 'functions.f:0', content: 'x' },
      ],
      tools: [TOOL],
    });
    expect(body.messages[0].content[0].id).toBe('functions_f_0');
    expect(body.messages[1].content[0].tool_use_id).toBe('functions_f_0');
  });

  it.each([
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    ['required', { type: 'any' }],
    [
      { type: 'function', function: { name: 'get_weather' } },
      { type: 'tool', name: 'get_weather' },
    ],
  ])('has the choice %j as %j', (tool_choice, expected) => {
    expect(toMessages({ tools: [TOOL], tool_choice }).body.tool_choice).toEqual(expected);
  });

  it('says one call at a time with the choice', () => {
    expect(toMessages({ tools: [TOOL], parallel_tool_calls: false }).body.tool_choice).toEqual({
      type: 'auto',
      disable_parallel_tool_use: true,
    });
    expect(toMessages({ tools: [TOOL], parallel_tool_calls: true }).body.tool_choice).toBeUndefined();
  });

  it('sends only the tools that may be called', () => {
    const { body } = toMessages({
      tools: [TOOL, { type: 'function', function: { name: 'other' } }],
      tool_choice: {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'other' } }] },
      },
    });
    expect(body.tools).toEqual([{ name: 'other', input_schema: { type: 'object', properties: {} } }]);
    expect(body.tool_choice).toEqual({ type: 'any' });
  });

  it('asks for a schema the way the API does', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } };
    const { body, lost } = toMessages({
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } },
    });
    expect(body.output_config).toEqual({ format: { type: 'json_schema', schema } });
    expect(lost).toEqual([]);
  });

  it.each([
    [{ reasoning_effort: 'low' }, { type: 'enabled', budget_tokens: 1024 }, 4000],
    [{ reasoning_effort: 'high' }, { type: 'enabled', budget_tokens: 3999 }, 4000],
    [{ reasoning_effort: 'high', max_tokens: undefined }, { type: 'enabled', budget_tokens: 24_576 }, 28_672],
    [{ reasoning: { max_tokens: 2000 } }, { type: 'enabled', budget_tokens: 2000 }, 4000],
    [{ reasoning_effort: 'none' }, { type: 'disabled' }, 4000],
    [{ thinking: { type: 'disabled' } }, { type: 'disabled' }, 4000],
  ])('thinks as %j asks', (asked, thinking, limit) => {
    const { body, lost } = toMessages(asked);
    expect(body.thinking).toEqual(thinking);
    expect(body.max_tokens).toBe(limit);
    expect(lost).toEqual([]);
  });

  it('thinks by effort where the model measures itself', () => {
    expect(toMessages({ reasoning_effort: 'medium' }, { reasoningStyle: 'adaptive' }).body).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'medium' },
    });
  });

  it.each([
    ['a limit too small for thoughts', { max_tokens: 500 }],
    ['a tool that must be called', { tools: [TOOL], tool_choice: 'required' }],
    [
      'calls whose thoughts are gone',
      {
        tools: [TOOL],
        messages: [
          { role: 'assistant', tool_calls: [CALL] },
          { role: 'tool', tool_call_id: 'call_1', content: 'x' },
        ],
      },
    ],
  ])('does not think beside %s, and says so', (_, more) => {
    const { body, paths } = toMessages({ reasoning_effort: 'low', ...more });
    expect(body.thinking).toBeUndefined();
    expect(paths).toEqual(['reasoning']);
  });

  it('leaves out the sampling that is refused with thinking', () => {
    const { body, paths } = toMessages({ reasoning_effort: 'low', temperature: 0.2 });
    expect(body.temperature).toBeUndefined();
    expect(paths).toEqual(['generation.temperature']);
  });

  it('brings thoughts back to who signed them, and to nobody else', () => {
    const detail = (format: string): Fields => ({ type: 'reasoning.text', text: 'hm', signature: 'sig', format });
    const history = (format: string): Fields => ({
      messages: [{ role: 'assistant', content: 'yes', reasoning_details: [detail(format)] }],
    });
    expect(toMessages(history('anthropic-claude-v1')).body.messages[0].content[0]).toEqual({
      type: 'thinking',
      thinking: 'hm',
      signature: 'sig',
    });
    const foreign = toMessages(history('google-gemini-v1'));
    expect(foreign.body.messages[0].content).toBe('yes');
    expect(foreign.paths).toEqual(['messages[0].parts[0]']);
  });

  it.each<[string, Fields, string[]]>([
    ['presence_penalty', { presence_penalty: 1 }, ['generation.presencePenalty']],
    ['frequency_penalty', { frequency_penalty: 1 }, ['generation.frequencyPenalty']],
    ['seed', { seed: 1 }, ['generation.seed']],
    ['metadata', { metadata: { a: 'b' } }, ['metadata']],
    ['n', { n: 2 }, ['generation.choices']],
    ['logprobs', { logprobs: true, top_logprobs: 2 }, ['generation.logprobs', 'generation.topLogprobs']],
    ['logit_bias', { logit_bias: { 1: 2 } }, ['generation.logitBias']],
    ['json_object', { response_format: { type: 'json_object' } }, ['responseFormat']],
    [
      'sound',
      { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'mp3' } },
      ['audioOutput', 'modalities'],
    ],
    ['a high temperature', { temperature: 1.5 }, ['generation.temperature']],
    [
      'an image that is to be looked at closely',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'high' } }] },
        ],
      },
      ['messages[0].parts[0].detail'],
    ],
    [
      'sound in a message',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              { type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } },
            ],
          },
        ],
      },
      ['messages[0].parts[1]'],
    ],
    ['a name', { messages: [{ role: 'user', name: 'ann', content: 'hi' }] }, ['messages[0].name']],
    [
      'a developer',
      {
        messages: [
          { role: 'developer', content: 'x' },
          { role: 'user', content: 'hi' },
        ],
      },
      ['messages[0].role'],
    ],
    [
      'instructions in the midst',
      {
        messages: [
          { role: 'user', content: 'hi' },
          { role: 'system', content: 'x' },
        ],
      },
      ['messages[1]'],
    ],
    [
      'a refusal of before',
      {
        messages: [
          { role: 'assistant', refusal: 'no' },
          { role: 'user', content: 'hi' },
        ],
      },
      ['messages[0].parts[0]'],
    ],
    [
      'reasoning of before',
      { messages: [{ role: 'assistant', content: 'a', reasoning_content: 'hm' }] },
      ['messages[0].parts[0]'],
    ],
    [
      'arguments that are no JSON',
      { messages: [{ role: 'assistant', tool_calls: [{ ...CALL, function: { name: 'f', arguments: '{' } }] }] },
      ['messages[0].parts[0].arguments'],
    ],
    ['a cache key', { prompt_cache_key: 'k', tools: [TOOL] }, ['promptCache.key']],
    ['a breakpoint with nowhere to go', { prompt_cache_retention: '24h' }, ['promptCache.breakpoint']],
    ['an unknown field', { prediction: { type: 'content', content: 'x' } }, ['prediction']],
    [
      'an unknown field of a message',
      { messages: [{ role: 'user', content: 'hi', x_mark: 1 }] },
      ['messages[0].x_mark'],
    ],
    ['a tool of a provider', { tools: [{ type: 'browser_search' }, TOOL] }, ['tools[0]']],
    ['a service tier', { service_tier: 'flex' }, ['serviceTier']],
    ['store', { store: true }, ['store']],
  ])('reports %s', (_, body, paths) => {
    expect(toMessages(body).paths).toEqual(paths);
  });

  it.each([
    [
      'what holds anyway',
      { n: 1, presence_penalty: 0, logprobs: false, store: false, modalities: ['text'], service_tier: 'auto' },
    ],
    ['nulls', { seed: null, tools: null, stop: null, logit_bias: null }],
  ])('has lost nothing with %s', (_, body) => {
    expect(toMessages(body).lost).toEqual([]);
  });

  it('puts the breakpoint of a cache key on the last tool', () => {
    expect(toMessages({ prompt_cache_key: 'k', prompt_cache_retention: '24h', tools: [TOOL] }).body.tools).toEqual([
      { ...MESSAGES_TOOL, cache_control: { type: 'ephemeral', ttl: '1h' } },
    ]);
  });

  it('keeps what the newer version refuses out of it', () => {
    const { body, paths } = toMessages(
      {
        temperature: 0.5,
        top_p: 0.9,
        messages: [
          { role: 'user', content: 'a' },
          { role: 'system', content: 'b' },
        ],
      },
      { version: '2026-10-21' },
    );
    expect(body).toEqual({
      model: 'm',
      max_tokens: 4000,
      messages: [
        { role: 'user', content: 'a' },
        { role: 'system', content: 'b' },
      ],
    });
    expect(paths).toEqual(['generation.temperature', 'generation.topP']);
  });

  it('takes the limit of the target where the caller has none', () => {
    const request = OPENAI_CHAT.decodeRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
    expect(told(request, ANTHROPIC_MESSAGES).body.max_tokens).toBe(4096);
    expect(told(request, ANTHROPIC_MESSAGES, { defaultMaxTokens: 64 }).body.max_tokens).toBe(64);
  });
});

describe('a Messages request for Chat Completions', () => {
  it('is the same conversation: instructions, history, calls and results', () => {
    const { body, lost } = toChat({
      system: [
        { type: 'text', text: 'Be terse.' },
        { type: 'text', text: 'Be kind.' },
      ],
      messages: [
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Let me see.' },
            { type: 'tool_use', id: 't1', name: 'get_weather', input: { city: 'Paris' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: '21' }] },
            { type: 'text', text: 'And now?' },
            { type: 'image', source: { type: 'url', url: 'https://x/y.png' } },
          ],
        },
      ],
      tools: [MESSAGES_TOOL],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      stop_sequences: ['END'],
      stream: true,
    });
    expect(lost).toEqual([]);
    expect(body).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be terse.\n\nBe kind.' },
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', content: 'Let me see.', tool_calls: [{ ...CALL, id: 't1' }] },
        { role: 'tool', tool_call_id: 't1', content: '21' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'And now?' },
            { type: 'image_url', image_url: { url: 'https://x/y.png' } },
          ],
        },
      ],
      tools: [TOOL],
      tool_choice: 'required',
      parallel_tool_calls: false,
      max_completion_tokens: 4000,
      stop: ['END'],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('does as the provider wants it', () => {
    const thought = { type: 'thinking', thinking: 'hm', signature: '' };
    const { body, paths } = toChat(
      {
        system: 'x',
        temperature: 0.5,
        stream: true,
        messages: [{ role: 'assistant', content: [thought, { type: 'text', text: 'a' }] }],
      },
      {
        maxTokensField: 'max_tokens',
        streamOptions: false,
        instructionRole: 'developer',
        reasoningField: 'reasoning_content',
        refusedFields: ['temperature'],
      },
    );
    expect(body).toEqual({
      model: 'm',
      max_tokens: 4000,
      stream: true,
      messages: [
        { role: 'developer', content: 'x' },
        { role: 'assistant', content: 'a', reasoning_content: 'hm' },
      ],
    });
    expect(paths).toEqual(['temperature']);
  });

  it('moves pictures out of the results of tools', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } };
    const { body, paths } = toChat({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't1', content: [image, { type: 'text', text: 'see' }], is_error: true },
          ],
        },
      ],
    });
    expect(body.messages).toEqual([
      { role: 'tool', tool_call_id: 't1', content: 'see' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } }] },
    ]);
    expect(paths).toEqual(['messages[0].parts[0].content[0]', 'messages[0].parts[0].isError']);
  });

  it.each([
    [{ thinking: { type: 'enabled', budget_tokens: 2000 } }, 'low', ['reasoning.budgetTokens']],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, 'max', []],
    [{ thinking: { type: 'disabled' } }, 'none', []],
    [{ thinking: { type: 'adaptive' } }, undefined, ['reasoning.enabled']],
  ])('has %j as an effort', (asked, effort, lost) => {
    const { body, paths } = toChat(asked);
    expect(body.reasoning_effort).toBe(effort);
    expect(paths).toEqual(lost);
  });

  it.each<[string, Fields, string[]]>([
    ['top_k', { top_k: 5 }, ['generation.topK']],
    [
      'breakpoints',
      {
        system: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }],
        tools: [{ ...MESSAGES_TOOL, cache_control: { type: 'ephemeral' } }],
      },
      ['messages[0].parts[0].cache', 'tools[0].cache'],
    ],
    ['tools of the provider', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, ['tools[0]']],
    ['servers of tools', { mcp_servers: [{ type: 'url', name: 's', url: 'https://x' }] }, ['tools[0]']],
    [
      'thoughts of before',
      {
        messages: [
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'hm', signature: 's' },
              { type: 'text', text: 'a' },
            ],
          },
        ],
      },
      ['messages[0].parts[0]'],
    ],
    [
      'hidden thoughts of before',
      {
        messages: [
          {
            role: 'assistant',
            content: [
              { type: 'redacted_thinking', data: 'x' },
              { type: 'text', text: 'a' },
            ],
          },
        ],
      },
      ['messages[0].parts[0]'],
    ],
    [
      'searches of before',
      {
        messages: [
          {
            role: 'assistant',
            content: [
              { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} },
              { type: 'web_search_tool_result', tool_use_id: 's1', content: [] },
              { type: 'text', text: 'a' },
            ],
          },
        ],
      },
      ['messages[0].parts[0]', 'messages[0].parts[1]'],
    ],
    [
      'blocks it does not know',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'container_upload', file_id: 'f' },
              { type: 'text', text: 'a' },
            ],
          },
        ],
      },
      ['messages[0].parts[0]'],
    ],
    ['five stop sequences', { stop_sequences: ['a', 'b', 'c', 'd', 'e'] }, ['generation.stop']],
    ['a container', { container: 'c' }, ['container']],
    [
      'a document by URL',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'document', source: { type: 'url', url: 'https://x/y.pdf' } },
              { type: 'text', text: 'a' },
            ],
          },
        ],
      },
      ['messages[0].parts[0]'],
    ],
  ])('reports %s', (_, body, paths) => {
    expect(toChat(body).paths).toEqual(paths);
  });
});

describe('breakpoints', () => {
  const cached = { type: 'ephemeral', ttl: '1h' };
  const body = {
    model: 'm',
    max_tokens: 10,
    cache_control: { type: 'ephemeral' },
    system: [
      { type: 'text', text: 'a', cache_control: cached },
      { type: 'text', text: 'b' },
    ],
    tools: [{ ...MESSAGES_TOOL, cache_control: cached }, MESSAGES_TOOL],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'c', cache_control: { type: 'ephemeral' } },
          { type: 'text', text: 'd' },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'x', cache_control: cached }] },
    ],
  };

  it('stay where they were within their format', () => {
    expect(told(ANTHROPIC_MESSAGES.decodeRequest(body), ANTHROPIC_MESSAGES)).toMatchObject({ body, lost: [] });
  });

  it('refuse a request that requires what the target has not', () => {
    const request: CanonicalRequest = {
      model: 'm',
      messages: [],
      generation: {},
      stream: false,
      promptCache: { mode: 'required', key: 'k' },
    };
    expect(() => told(request, ANTHROPIC_MESSAGES)).toThrow(GatewayError);
    expect(() =>
      told({ ...request, promptCache: { mode: 'required', breakpoint: { at: 'end-of-tools' } } }, OPENAI_CHAT),
    ).toThrow(GatewayError);
    expect(told({ ...request, promptCache: { mode: 'required', key: 'k' } }, OPENAI_CHAT).body.prompt_cache_key).toBe(
      'k',
    );
  });
});

describe('a request nobody can read', () => {
  it.each<[string, unknown, string | null]>([
    ['a list', [], null],
    ['no model', { messages: [] }, 'model'],
    ['no messages', { model: 'm' }, 'messages'],
    ['messages of text', { model: 'm', messages: ['hi'] }, 'messages[0]'],
    ['an odd role', { model: 'm', messages: [{ role: 'king', content: 'x' }] }, 'messages[0].role'],
    ['odd content', { model: 'm', messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    ['a part without a type', { model: 'm', messages: [{ role: 'user', content: [{}] }] }, 'messages[0].content[0]'],
    ['a tool that is none', { model: 'm', messages: [], tools: [5] }, 'tools[0]'],
    ['odd numbers', { model: 'm', messages: [], temperature: 'hot' }, 'temperature'],
  ])('is refused by the field at fault in both dialects: %s', (_, body, param) => {
    for (const format of [OPENAI_CHAT, ANTHROPIC_MESSAGES]) {
      expect(() => format.decodeRequest(body)).toThrow(expect.objectContaining({ status: 400, param }));
    }
  });
});

describe('an answer', () => {
  const context = (
    source: CanonicalAnswer['source'],
    target: WireFormat,
  ): Parameters<WireFormat['encodeAnswer']>[1] => ({
    report: new LossReport(source, target.id),
    id: 'made-up',
    created: 5,
    model: 'alias',
  });
  const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

  it('of the Messages API is one of Chat Completions', () => {
    const decoded = ANTHROPIC_MESSAGES.decodeAnswer(
      bytes({
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 'sig' },
          { type: 'text', text: 'See ', citations: null },
          {
            type: 'text',
            text: 'this.',
            citations: [
              {
                type: 'web_search_result_location',
                url: 'https://x',
                title: 'X',
                cited_text: 'q',
                encrypted_index: 'e',
              },
            ],
          },
          { type: 'tool_use', id: 't1', name: 'f', input: { a: 1 } },
        ],
        stop_reason: 'tool_use',
        stop_sequence: null,
        usage: { input_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 2, output_tokens: 7 },
      }),
    );
    if (!decoded.ok) throw new Error(decoded.error.message);
    expect(OPENAI_CHAT.encodeAnswer(decoded.value, context('anthropic-messages', OPENAI_CHAT))).toEqual({
      id: 'msg_1',
      object: 'chat.completion',
      created: 5,
      model: 'alias',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'See this.',
            refusal: null,
            reasoning_content: 'hm',
            reasoning_details: [
              { type: 'reasoning.text', text: 'hm', signature: 'sig', format: 'anthropic-claude-v1', index: 0 },
            ],
            tool_calls: [{ id: 't1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
            annotations: [
              { type: 'url_citation', url_citation: { url: 'https://x', title: 'X', start_index: 4, end_index: 9 } },
            ],
          },
          logprobs: null,
          finish_reason: 'tool_calls',
        },
      ],
      usage: {
        prompt_tokens: 17,
        completion_tokens: 7,
        total_tokens: 24,
        prompt_tokens_details: { cached_tokens: 5, audio_tokens: 0, cache_write_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
      },
    });
  });

  it('of Chat Completions is one of the Messages API', () => {
    const decoded = OPENAI_CHAT.decodeAnswer(
      bytes({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 17,
        model: 'gpt',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: 'Hi', refusal: null, tool_calls: [CALL] },
            finish_reason: 'tool_calls',
          },
          { index: 1, message: { role: 'assistant', content: 'Ho' }, finish_reason: 'stop' },
        ],
        usage: {
          prompt_tokens: 9,
          completion_tokens: 3,
          total_tokens: 12,
          prompt_tokens_details: { cached_tokens: 4 },
        },
      }),
    );
    if (!decoded.ok) throw new Error(decoded.error.message);
    const into = context('openai-chat', ANTHROPIC_MESSAGES);
    expect(ANTHROPIC_MESSAGES.encodeAnswer(decoded.value, into)).toMatchObject({
      id: 'chatcmpl-1',
      type: 'message',
      role: 'assistant',
      model: 'alias',
      content: [
        { type: 'text', text: 'Hi' },
        { type: 'tool_use', id: 'call_1', name: 'get_weather', input: { city: 'Paris' } },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: { input_tokens: 5, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 3 },
    });
    expect(into.report.summary().reasons).toEqual([{ path: 'choices[1]', reason: 'the target has one choice' }]);
  });

  it.each([
    ['is cut off', '{"id":"x"'],
    ['is HTML', '<html>'],
    ['is a list', '[]'],
    ['is null', 'null'],
    ['has no content', '{}'],
    ['is empty', ''],
  ])('that %s is malformed', (_, text) => {
    for (const format of [OPENAI_CHAT, ANTHROPIC_MESSAGES])
      expect(format.decodeAnswer(Buffer.from(text))).toMatchObject({ ok: false, error: { kind: 'malformed' } });
  });

  it('that is no UTF-8 is malformed', () => {
    const body = Buffer.concat([Buffer.from('{"content":["'), Buffer.from([0xff]), Buffer.from('"]}')]);
    expect(ANTHROPIC_MESSAGES.decodeAnswer(body)).toMatchObject({ ok: false, error: { kind: 'malformed' } });
  });

  it('that says the call failed is that failure', () => {
    const openAi = bytes({ error: { message: 'No money', code: 'insufficient_quota' } });
    expect(OPENAI_CHAT.decodeAnswer(openAi)).toMatchObject({
      ok: false,
      error: { kind: 'quota', message: 'No money' },
    });
    const anthropic = bytes({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
    expect(ANTHROPIC_MESSAGES.decodeAnswer(anthropic)).toMatchObject({ ok: false, error: { kind: 'overloaded' } });
  });
});

describe('an error', () => {
  const failure = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
    status,
    headers,
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    nowMs: 0,
  });

  it('of one dialect is told in the words of the other, with when to come back', () => {
    const slow = { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } };
    const error = ANTHROPIC_MESSAGES.decodeError(failure(429, slow, { 'retry-after': '7' }));
    expect(OPENAI_CHAT.encodeError(error, 'req-1')).toEqual({
      status: 429,
      body: {
        error: { message: 'slow down', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' },
        request_id: 'req-1',
      },
      headers: { 'retry-after': '7', 'retry-after-ms': '7000' },
    });
    const wrong = {
      error: { message: 'bad model', type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
    };
    expect(ANTHROPIC_MESSAGES.encodeError(OPENAI_CHAT.decodeError(failure(404, wrong)), 'req-2')).toEqual({
      status: 404,
      body: { type: 'error', error: { type: 'not_found_error', message: 'bad model' }, request_id: 'req-2' },
      headers: { 'x-should-retry': 'false' },
    });
  });

  it('of the dialect itself keeps its words', () => {
    const wrong = { error: { message: 'm', type: 'odd_error', param: 'p', code: 'odd' } };
    expect(OPENAI_CHAT.encodeError(OPENAI_CHAT.decodeError(failure(400, wrong)), 'r').body).toEqual({
      ...wrong,
      request_id: 'r',
    });
  });

  it.each(['', '<html>502</html>', '[]', 'null', '{"error":5}'])('of any body is one: %s', (body) => {
    for (const format of [OPENAI_CHAT, ANTHROPIC_MESSAGES]) {
      const error = format.decodeError(failure(502, body));
      expect(error).toMatchObject({ status: 502, retryable: true });
      expect(error.message).not.toBe('');
    }
  });

  it('of the gateway is told in both dialects', () => {
    const error = wireError('incomplete', 'It broke off.');
    expect(OPENAI_CHAT.encodeError(error, 'r').body).toMatchObject({
      error: { type: 'api_error', code: 'upstream_error' },
    });
    expect(ANTHROPIC_MESSAGES.encodeError(error, 'r').body).toMatchObject({
      error: { type: 'api_error', message: 'It broke off.' },
    });
  });
});
