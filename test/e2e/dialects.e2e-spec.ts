import type { ServerResponse } from 'node:http';
import { WIRE_FORMATS } from '../../libs/wire/index.js';
import {
  chatCaller,
  type DialectCaller,
  geminiCaller,
  INSTRUCTIONS,
  messagesCaller,
  QUESTION_TEXT,
  responsesCaller,
} from '../support/dialect-callers.js';
import { cohereCaller, ollamaCaller } from '../support/cohere-and-ollama-callers.js';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import { type ReceivedCall, ScriptedUpstream } from '../support/scripted-upstream.js';
import {
  ANTHROPIC_VOICE,
  BEDROCK_VOICE,
  CHAT_VOICE,
  COHERE_VOICE,
  GEMINI_VOICE,
  OLLAMA_VOICE,
  RESPONSES_VOICE,
  type Said,
  type VendorVoice,
} from '../support/vendor-answers.js';

/** Providers, the format of each, and the model asked for there. */
const ALL_PROVIDERS = {
  openai: { model: 'openai/up', format: 'openai-chat' },
  // Speaks Chat Completions only.
  mistral: { model: 'mistral/up', format: 'openai-chat' },
  anthropic: { model: 'anthropic/up', format: 'anthropic-messages' },
  gemini: { model: 'gemini/up', format: 'gemini-generate-content' },
  bedrock: { model: 'bedrock/up', format: 'bedrock-converse' },
  cohere: { model: 'cohere/up', format: 'cohere-chat' },
  ollama: { model: 'ollama/up', format: 'ollama-chat' },
} as const;

const ALL_CALLERS = {
  'Chat Completions': { format: 'openai-chat', make: chatCaller },
  Responses: { format: 'openai-responses', make: responsesCaller },
  Messages: { format: 'anthropic-messages', make: messagesCaller },
  generateContent: { format: 'gemini-generate-content', make: geminiCaller },
  "Cohere's chat": { format: 'cohere-chat', make: cohereCaller },
  "Ollama's chat": { format: 'ollama-chat', make: ollamaCaller },
} as const;

const PROVIDERS = Object.entries(ALL_PROVIDERS).filter(([, { format }]) => WIRE_FORMATS[format] !== undefined);
const CALLERS = Object.entries(ALL_CALLERS).filter(([, { format }]) => WIRE_FORMATS[format] !== undefined);

/** The word by which each dialect says that an answer ended by itself, and by a call of a tool. */
const ENDS: Record<string, { text: unknown; tool: unknown }> = {
  'Chat Completions': { text: 'stop', tool: 'tool_calls' },
  Responses: { text: 'completed', tool: 'completed' },
  Messages: { text: 'end_turn', tool: 'tool_use' },
  generateContent: { text: 'STOP', tool: 'STOP' },
  "Cohere's chat": { text: 'COMPLETE', tool: 'TOOL_CALL' },
  "Ollama's chat": { text: 'stop', tool: 'stop' },
};

const TEXT: Said = { text: 'Sunny, 21 °C – enjoy!' };
const TOOL: Said = { tool: 'get_weather', city: 'Zürich' };

describe('dialects', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let key: string;
  let said: Said = TEXT;

  /** The vendor is told by the path that is called; each is strict about the place where a stream is asked for. */
  const voiceOf = ({ path }: ReceivedCall): VendorVoice => {
    if (path.includes('/chat/completions')) return CHAT_VOICE;
    if (path.includes('/responses')) return RESPONSES_VOICE;
    if (path.includes('/v1/messages')) return ANTHROPIC_VOICE;
    if (path.includes('enerateContent')) return GEMINI_VOICE;
    if (path.includes('/converse')) return BEDROCK_VOICE;
    if (path.includes('/api/chat')) return OLLAMA_VOICE;
    return COHERE_VOICE;
  };
  const speak = (call: ReceivedCall, response: ServerResponse): void => {
    const voice = voiceOf(call);
    const streams = call.body['stream'] === true || /streamGenerate|converse-stream/.test(call.path);
    if (!streams) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(voice.whole(said)));
      return;
    }
    const { type, body } = voice.stream(said);
    response.writeHead(200, { 'content-type': type });
    for (let at = 0; at < body.length; at += 7) response.write(body.subarray(at, at + 7));
    response.end();
  };

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({
      env: {
        OPENAI_API_KEY: 'sk-test',
        OPENAI_BASE_URL: `${upstream.url}/v1`,
        MISTRAL_API_KEY: 'm-test',
        MISTRAL_BASE_URL: upstream.url,
        ANTHROPIC_API_KEY: 'sk-ant-test',
        ANTHROPIC_BASE_URL: upstream.url,
        GEMINI_API_KEY: 'g-test',
        GEMINI_BASE_URL: upstream.url,
        COHERE_API_KEY: 'co-test',
        COHERE_BASE_URL: upstream.url,
        OLLAMA_BASE_URL: upstream.url,
        OLLAMA_DIALECT: 'ollama-chat',
        BEDROCK_API_KEY: 'bedrock-test',
        BEDROCK_REGION: 'eu-central-1',
        BEDROCK_BASE_URL: upstream.url,
      },
    });
    ({ key } = await gateway.key());
  });
  afterAll(async () => {
    await gateway.stop();
    await upstream.close();
  });
  beforeEach(() => {
    upstream.calls.length = 0;
    upstream.will(speak);
  });

  const pairs = CALLERS.flatMap(([caller, { make }]) =>
    PROVIDERS.map(([provider, { model }]) => [caller, provider, make, model] as const),
  );

  describe.each(pairs)('%s to %s', (callerName, _provider, make, model) => {
    const caller = (): DialectCaller => make(gateway.url, key);

    it.each(['whole', 'stream'] as const)('gives a text (%s)', async (kind) => {
      said = TEXT;
      const heard = await caller()[kind](model);
      expect(heard).toEqual({
        text: 'Sunny, 21 °C – enjoy!',
        tools: [],
        inputTokens: 12,
        outputTokens: 7,
        finish: ENDS[callerName]?.text,
      });
      const asked = upstream.calls.at(-1) as ReceivedCall;
      expect(asked.text).toContain(QUESTION_TEXT);
      expect(asked.text).toContain(INSTRUCTIONS);
      expect(asked.text).not.toContain(key);
      expect(JSON.stringify(asked.headers)).not.toContain(key);
    });

    it.each(['whole', 'stream'] as const)('gives the call of a tool (%s)', async (kind) => {
      said = TOOL;
      const heard = await caller()[kind](model);
      expect(heard).toMatchObject({
        tools: [{ name: 'get_weather', city: 'Zürich' }],
        inputTokens: 12,
        outputTokens: 7,
        finish: ENDS[callerName]?.tool,
      });
      expect(upstream.calls.at(-1)?.text).toContain('get_weather');
    });

    it('tells the refusal of a provider with its status', async () => {
      upstream.will((_call, response) => {
        const words = {
          type: 'error',
          message: 'too long',
          error: { type: 'invalid_request_error', message: 'too long' },
        };
        response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(words));
      });
      const refusal: { status?: number; message?: string } = await caller()
        .whole(model)
        .then(
          () => ({}),
          (error: unknown) => error as { status?: number; message?: string },
        );
      expect(refusal.status).toBe(400);
      expect(refusal.message).toContain('too long');
    });

    it('does not end a broken stream as if it were whole', async () => {
      upstream.will((call, response) => {
        const { type, body } = voiceOf(call).stream(TEXT);
        response.writeHead(200, { 'content-type': type });
        response.write(body.subarray(0, Math.floor(body.length * 0.6)), () => response.destroy());
      });
      await expect(caller().stream(model)).rejects.toThrow();
    });
  });

  it('leaves one record a call with the tokens of the provider, whatever the dialects', async () => {
    const data: {
      path: string;
      provider: string;
      outcome: string;
      prompt_tokens: number;
      completion_tokens: number;
    }[] = await eventually(async () => {
      const page = await gateway.manage('GET', '/usage?limit=500&outcome=ok');
      return page.data.length >= pairs.length * 4 ? page.data : null;
    }, 10_000);
    expect(data).toHaveLength(pairs.length * 4);
    for (const record of data) expect(record).toMatchObject({ prompt_tokens: 12, completion_tokens: 7 });
    const providers = new Set(data.map((record) => record.provider));
    expect(providers).toEqual(new Set(PROVIDERS.map(([name]) => name)));
  });

  it('names what is lost in a header and in the record, and refuses it where the caller wants no loss', async () => {
    said = TEXT;
    const body = { model: 'anthropic/up', messages: [{ role: 'user', content: 'Hello' }], seed: 7 };
    const answer = await gateway.chat(key, body);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-omni-loss')).toContain('seed');
    const id = answer.headers.get('x-request-id');
    const record = await eventually(async () => {
      const { data } = await gateway.manage('GET', '/usage?limit=20');
      return (data as { request_id: string; loss: string | null }[]).find((row) => row.request_id === id);
    });
    expect(record.loss).toContain('seed');
    const before = upstream.calls.length;
    const refused = await gateway.chat(key, { ...body, omni_strict: true });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('seed');
    expect(upstream.calls).toHaveLength(before);
  });

  it('tells a caller of Responses of an error inside a stream of chunks, and that the response failed', async () => {
    upstream.will((_call, response) => {
      const begun = { choices: [{ index: 0, delta: { role: 'assistant', content: 'Sun' }, finish_reason: null }] };
      const error = { error: { message: 'Too busy', type: 'server_error', param: null, code: 'server_is_overloaded' } };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end([begun, error].map((data) => `data: ${JSON.stringify(data)}\n\n`).join(''));
    });
    const answer = await fetch(`${gateway.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'mistral/up', input: QUESTION_TEXT, stream: true }),
    });
    const told = await answer.text();
    const types = [...told.matchAll(/^event: (.*)$/gm)].map(([, type]) => type);
    expect(types.slice(0, 2)).toEqual(['response.created', 'response.in_progress']);
    expect(types.slice(-2)).toEqual(['error', 'response.failed']);
    expect(told).toContain('Too busy');
    await expect(responsesCaller(gateway.url, key).stream('mistral/up')).rejects.toThrow('Too busy');
  });

  it.each([
    ['previous_response_id', { previous_response_id: 'resp_1', input: 'And then?' }],
    ['conversation', { conversation: 'conv_1', input: 'And then?' }],
    ['prompt', { prompt: { id: 'pmpt_1' } }],
    [
      'input',
      {
        input: [
          { type: 'item_reference', id: 'msg_1' },
          { role: 'user', content: 'And then?' },
        ],
      },
    ],
  ])('refuses a conversation that another vendor keeps: %s', async (param, body) => {
    const ask = async (model: string) => {
      const response = await fetch(`${gateway.url}/v1/responses`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model, ...body }),
      });
      return { status: response.status, body: (await response.json()) as { error?: { param?: string } | null } };
    };
    const before = upstream.calls.length;
    const refused = await ask('anthropic/up');
    expect([refused.status, refused.body.error?.param]).toEqual([400, param]);
    expect(upstream.calls.length).toBe(before);
    said = { text: 'Yes.' };
    expect((await ask('openai/up')).status).toBe(200);
  });

  it('speaks of its own errors in each dialect', async () => {
    const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<any> => {
      const answer = await fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: await answer.json() };
    };
    expect(await post('/v1/messages', {})).toMatchObject({
      status: 401,
      body: { type: 'error', error: { type: 'authentication_error' } },
    });
    expect(await post('/v1beta/models/gemini-x:generateContent', {})).toMatchObject({
      status: 401,
      body: { error: { code: 401, status: 'UNAUTHENTICATED' } },
    });
    expect(await post('/v2/chat', {})).toMatchObject({
      status: 401,
      body: { id: expect.any(String), message: expect.stringContaining('API key') },
    });
    expect(await post('/api/chat', {})).toMatchObject({
      status: 401,
      body: { error: expect.stringContaining('API key') },
    });
    const unknown = { model: 'nobody-knows', max_tokens: 5, messages: [{ role: 'user', content: 'Hello' }] };
    expect(await post('/v1/messages', unknown, { authorization: `Bearer ${key}` })).toMatchObject({
      status: 404,
      body: { type: 'error', error: { type: 'not_found_error' } },
    });
  });
});
