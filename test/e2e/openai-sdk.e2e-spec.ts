import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI, {
  APIConnectionError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from 'openai';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import {
  ANSWER,
  answerJson,
  chunk,
  DONE,
  event,
  ScriptedUpstream,
  STREAM,
  type ReceivedCall,
} from '../support/scripted-upstream.js';

type Message = OpenAI.Chat.ChatCompletionMessageParam;

const HELLO: Message[] = [{ role: 'user', content: 'Hello' }];
const WEATHER: OpenAI.Chat.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'Tells the weather.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
    strict: true,
  },
};
const SCHEMA = {
  name: 'person',
  strict: true,
  schema: {
    type: 'object',
    properties: { name: { type: 'string' }, age: { type: 'integer' } },
    required: ['name', 'age'],
    additionalProperties: false,
  },
};
const toolCall = (id: string, city: string): object => ({
  id,
  type: 'function',
  function: { name: 'weather', arguments: JSON.stringify({ city }) },
});
const answerWith = (message: object, finish_reason = 'stop'): object => ({
  ...ANSWER,
  choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason }],
});

/** What a vendor insists on; returns what is wrong with a request. */
function faultOf({ method, path, headers, body }: ReceivedCall): string | null {
  if (method !== 'POST' || path !== '/v1/chat/completions') return `${method} ${path}`;
  if (headers['content-type'] !== 'application/json') return 'content type';
  if (headers.authorization !== undefined) return 'a credential that is not ours';
  if (body['model'] !== 'upstream-model') return `model ${String(body['model'])}`;
  const messages = body['messages'] as { role: string; tool_calls?: { id: string }[]; tool_call_id?: string }[];
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!open.includes(message.tool_call_id ?? ''))
        return `tool result ${String(message.tool_call_id)} without a call`;
      open = open.filter((id) => id !== message.tool_call_id);
    } else {
      if (open.length > 0) return `tool calls without results: ${open.join()}`;
      open = message.tool_calls?.map(({ id }) => id) ?? [];
    }
  }
  return Object.keys(body).some((name) => name.startsWith('omni_')) ? 'an extension of the gateway' : null;
}

describe('the official OpenAI SDK', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;
  let key: string;
  let client: OpenAI;
  const faults: string[] = [];

  const clientOf = (apiKey: string, options: object = {}): OpenAI =>
    new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0, ...options });

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({
      env: { OMNI_HEALTH_CHECKS: 'false', OMNI_PASSIVE_THRESHOLD: '1000', OMNI_FIRST_BYTE_TIMEOUT_MS: '800' },
    });
    await gateway.model('m', [upstream.url]);
    key = (await gateway.key()).key;
    client = clientOf(key);
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });
  beforeEach(() => {
    upstream.willBehave();
    upstream.calls.length = 0;
  });
  afterEach(() => {
    for (const call of upstream.calls) {
      const fault = faultOf(call);
      if (fault !== null) faults.push(fault);
    }
    expect(faults).toEqual([]);
  });

  const thrownBy = async (promise: Promise<unknown>): Promise<any> =>
    promise.then(
      (value) => {
        throw new Error(`it succeeded: ${JSON.stringify(value)}`);
      },
      (error: unknown) => error,
    );

  describe('chat', () => {
    it('gets a completion with its usage, the caller’s model name and the request id', async () => {
      const completion = await client.chat.completions.create({ model: 'm', messages: HELLO, temperature: 0.5 });
      expect(completion.choices[0]?.message.content).toBe('Hello! How can I help?');
      expect(completion.model).toBe('m');
      expect(completion.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 8, total_tokens: 18 });
      expect(completion._request_id).toBe(upstream.calls[0]?.headers['x-request-id']);
      expect(upstream.calls[0]?.body).toEqual({ model: 'upstream-model', messages: HELLO, temperature: 0.5 });
    });

    it('passes every kind of content on unchanged', async () => {
      const messages: Message[] = [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this? 👩‍👩‍👧 \u0000 "quoted"' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } },
            { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
          ],
        },
        { role: 'assistant', content: 'A family.', name: 'helper' },
        { role: 'user', content: '' },
      ];
      const rest = {
        n: 2,
        stop: ['a', 'b'],
        logit_bias: { '50256': -100 },
        seed: 7,
        user: 'u-1',
        service_tier: 'auto' as const,
      };
      await client.chat.completions.create({ model: 'm', messages, ...rest });
      expect(upstream.calls[0]?.body).toEqual({ model: 'upstream-model', messages, ...rest });
    });

    it('reads headers and limits beside the answer', async () => {
      const { response } = await client.chat.completions.create({ model: 'm', messages: HELLO }).withResponse();
      expect(response.headers.get('x-omni-attempts')).toBe('1');
    });
  });

  describe('streams', () => {
    it('are iterated to their end', async () => {
      const stream = await client.chat.completions.create({ model: 'm', messages: HELLO, stream: true });
      const chunks: OpenAI.Chat.ChatCompletionChunk[] = [];
      for await (const part of stream) chunks.push(part);
      expect(chunks.map((part) => part.choices[0]?.delta.content ?? '').join('')).toBe('Hello! How can I help?');
      expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
      for (const part of chunks) {
        expect(part).toMatchObject({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' });
        expect(part.usage ?? null).toBeNull();
      }
    });

    it('report usage in a last chunk when asked to', async () => {
      const stream = await client.chat.completions.create({
        model: 'm',
        messages: HELLO,
        stream: true,
        stream_options: { include_usage: true },
      });
      let last: OpenAI.Chat.ChatCompletionChunk | null = null;
      for await (const part of stream) last = part;
      expect(last).toMatchObject({
        choices: [],
        model: 'm',
        usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
      });
    });

    it('are put together by the helper', async () => {
      const deltas: string[] = [];
      const runner = client.chat.completions.stream({ model: 'm', messages: HELLO });
      runner.on('content', (delta) => deltas.push(delta));
      const completion = await runner.finalChatCompletion();
      expect(completion.choices[0]?.message.content).toBe('Hello! How can I help?');
      expect(completion.model).toBe('m');
      expect(deltas.join('')).toBe('Hello! How can I help?');
    });

    it('bring parallel tool calls in pieces, which the helper puts together', async () => {
      const piece = (index: number, fields: object): string => chunk({ tool_calls: [{ index, ...fields }] });
      upstream.willStream(
        [
          chunk({ role: 'assistant', content: null }),
          piece(0, { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '' } }),
          piece(0, { function: { arguments: '{"city":' } }),
          piece(0, { function: { arguments: '"Paris"}' } }),
          piece(1, { id: 'call_b', type: 'function', function: { name: 'weather', arguments: '' } }),
          piece(1, { function: { arguments: '{"city":"Köln"}' } }),
          chunk({}, {}, 'tool_calls'),
          DONE,
        ],
        { chunkBytes: 37 },
      );
      const completion = await client.chat.completions
        .stream({ model: 'm', messages: HELLO, tools: [WEATHER] })
        .finalChatCompletion();
      const calls = completion.choices[0]?.message.tool_calls as any[];
      expect(calls.map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments)])).toEqual([
        ['call_a', 'weather', { city: 'Paris' }],
        ['call_b', 'weather', { city: 'Köln' }],
      ]);
      expect(upstream.calls[0]?.body['tools']).toEqual([WEATHER]);
    });

    it.each([
      [
        'reports an error',
        [...STREAM.slice(0, 3), event({ error: { message: 'overloaded', type: 'server_error' } })],
        {},
      ],
      ['breaks off', STREAM, { cutAfter: 3 }],
      ['ends early', STREAM, { endAfter: 3 }],
    ])('raise an error when the upstream %s in the middle', async (_what, events, options) => {
      upstream.willStream(events, options);
      const stream = await client.chat.completions.create({ model: 'm', messages: HELLO, stream: true });
      let text = '';
      const error = await thrownBy(
        (async () => {
          for await (const part of stream) text += part.choices[0]?.delta.content ?? '';
        })(),
      );
      expect(text).toBe('Hello! How');
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ type: 'api_error', code: 'upstream_error' });
      const helper = client.chat.completions.stream({ model: 'm', messages: HELLO });
      expect(await thrownBy(helper.finalChatCompletion())).toBeInstanceOf(APIError);
    });

    it('are refused with the status and the words of the upstream', async () => {
      upstream.willAnswer(
        {
          error: {
            message: 'too long',
            type: 'invalid_request_error',
            param: 'messages',
            code: 'context_length_exceeded',
          },
        },
        400,
      );
      const error = await thrownBy(
        client.chat.completions.create({ model: 'm', messages: HELLO, stream: true }) as Promise<unknown>,
      );
      expect(error).toBeInstanceOf(BadRequestError);
      expect(error).toMatchObject({
        status: 400,
        param: 'messages',
        code: 'context_length_exceeded',
        type: 'invalid_request_error',
      });
    });

    it('are aborted, by the loop, by the controller and by a signal, and the upstream with them', async () => {
      const ways: ((stream: Awaited<ReturnType<typeof open>>, controller: AbortController) => void)[] = [
        (stream) => stream.controller.abort(),
        (_stream, controller) => controller.abort(),
      ];
      const open = (signal: AbortSignal) =>
        client.chat.completions.create({ model: 'm', messages: HELLO, stream: true }, { signal });
      for (const abort of [...ways, null]) {
        upstream.willStream(STREAM, { stallAfter: 2 });
        upstream.calls.length = 0;
        const controller = new AbortController();
        const stream = await open(controller.signal);
        for await (const part of stream) {
          expect(part.model).toBe('m');
          if (abort === null) break;
          abort(stream, controller);
        }
        await upstream.calls[0]?.abandoned;
      }
    });
  });

  describe('tools', () => {
    it('go back and forth over several turns', async () => {
      const messages: Message[] = [{ role: 'user', content: 'Weather in Paris and Köln?' }];
      upstream.willAnswer(answerWith({ tool_calls: [toolCall('a', 'Paris'), toolCall('b', 'Köln')] }, 'tool_calls'));
      const first = await client.chat.completions.create({
        model: 'm',
        messages,
        tools: [WEATHER],
        tool_choice: 'required',
        parallel_tool_calls: true,
      });
      const message = first.choices[0]?.message as OpenAI.Chat.ChatCompletionMessage;
      expect(first.choices[0]?.finish_reason).toBe('tool_calls');
      expect(message.tool_calls).toEqual([toolCall('a', 'Paris'), toolCall('b', 'Köln')]);
      messages.push(
        message,
        { role: 'tool', tool_call_id: 'a', content: 'sun' },
        { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'rain' }] },
      );
      upstream.willAnswer(answerWith({ content: 'Sun and rain.' }));
      const second = await client.chat.completions.create({ model: 'm', messages, tools: [WEATHER] });
      expect(second.choices[0]?.message.content).toBe('Sun and rain.');
      expect(upstream.calls[1]?.body['messages']).toEqual(messages);
    });

    it('are run by the SDK itself', async () => {
      const asked: string[] = [];
      upstream.will((call, response) => {
        const turns = (call.body['messages'] as unknown[]).length;
        const message = turns === 1 ? { tool_calls: [toolCall('a', 'Oslo')] } : { content: 'Snow.' };
        answerJson(response, 200, answerWith(message, turns === 1 ? 'tool_calls' : 'stop'));
      });
      const runner = client.chat.completions.runTools({
        model: 'm',
        messages: HELLO,
        tools: [
          {
            type: 'function',
            function: {
              name: 'weather',
              description: 'Tells the weather.',
              parameters: WEATHER.type === 'function' ? (WEATHER.function.parameters ?? {}) : {},
              parse: (text: string) => JSON.parse(text) as { city: string },
              function: ({ city }: { city: string }) => {
                asked.push(city);
                return 'snow';
              },
            },
          },
        ],
      });
      expect(await runner.finalContent()).toBe('Snow.');
      expect(asked).toEqual(['Oslo']);
      expect(upstream.calls).toHaveLength(2);
    });
  });

  describe('structured output', () => {
    const person = JSON.stringify({ name: 'Ada', age: 36 });

    it('passes the schema on and the answer back', async () => {
      upstream.willAnswer(answerWith({ content: person, refusal: null }));
      const response_format = { type: 'json_schema', json_schema: SCHEMA } as const;
      const completion = await client.chat.completions.parse({ model: 'm', messages: HELLO, response_format });
      expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual({ name: 'Ada', age: 36 });
      expect(upstream.calls[0]?.body['response_format']).toEqual(response_format);
    });

    it('brings a refusal through', async () => {
      upstream.willAnswer(answerWith({ content: null, refusal: 'I cannot.' }));
      const completion = await client.chat.completions.parse({
        model: 'm',
        messages: HELLO,
        response_format: { type: 'json_schema', json_schema: SCHEMA },
      });
      expect(completion.choices[0]?.message.refusal).toBe('I cannot.');
    });
  });

  describe('errors', () => {
    const create = (fields: object = {}, by = client): Promise<unknown> =>
      by.chat.completions.create({ model: 'm', messages: HELLO, ...fields }) as Promise<unknown>;

    it('are of the class that belongs to them, with code, param and request id', async () => {
      const unknown = await thrownBy(create({}, clientOf('og-unknown')));
      expect(unknown).toBeInstanceOf(AuthenticationError);
      expect(unknown).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'authentication_error' });
      const bad = await thrownBy(create({ temperature: 'hot' }));
      expect(bad).toBeInstanceOf(BadRequestError);
      expect(bad).toMatchObject({ status: 400, param: 'temperature', type: 'invalid_request_error' });
      expect(bad.requestID).toMatch(/^[0-9a-f-]{36}$/);
      expect(bad.message).toContain('temperature');
      const deep = await thrownBy(create({ messages: [...HELLO, { role: 'user', content: [{ text: 'x' }] }] }));
      expect(deep).toMatchObject({ status: 400, param: 'messages[1].content[0].type' });
      const missing = await thrownBy(create({ model: 'nope' }));
      expect(missing).toBeInstanceOf(NotFoundError);
      expect(missing).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
      const { key: limited } = await gateway.key({ allowed_models: ['other'] });
      const forbidden = await thrownBy(create({}, clientOf(limited)));
      expect(forbidden).toBeInstanceOf(PermissionDeniedError);
      expect(forbidden).toMatchObject({ status: 403, code: 'model_not_allowed' });
      const route = await thrownBy(clientOf(key).fineTuning.jobs.create({ model: 'm', training_file: 'f' }));
      expect([404, 405]).toContain(route.status);
    });

    it('of a limit say when to come back', async () => {
      const { key: limited } = await gateway.key({ rpm_limit: 1 });
      await create({}, clientOf(limited));
      const error = await thrownBy(create({}, clientOf(limited)));
      expect(error).toBeInstanceOf(RateLimitError);
      expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'rate_limit_error' });
      expect(Number((error.headers as Headers).get('retry-after'))).toBeGreaterThan(0);
      expect(Number((error.headers as Headers).get('retry-after-ms'))).toBeGreaterThan(0);
    });

    it.each([500, 502, 503, 429, 401, 403])('of an upstream that answers %d are server errors', async (status) => {
      upstream.willAnswer({ error: { message: 'broken', type: 'x' } }, status);
      const error = await thrownBy(create());
      expect(error).toBeInstanceOf(InternalServerError);
      expect(error).toMatchObject({ status: 502, code: 'upstream_error', type: 'api_error' });
      expect(error.message).toContain('broken');
    });

    it('of an upstream that is too slow, unreachable or unhealthy are server errors', async () => {
      upstream.willHang();
      const slow = await thrownBy(create());
      expect(slow).toBeInstanceOf(InternalServerError);
      expect(slow).toMatchObject({ status: 504, code: 'upstream_timeout' });
      await gateway.model('gone', ['http://127.0.0.1:9']);
      const gone = await thrownBy(create({ model: 'gone' }));
      expect(gone).toBeInstanceOf(InternalServerError);
      expect(gone.status).toBe(502);
      await gateway.model('nowhere', []);
      const nowhere = await thrownBy(create({ model: 'nowhere' }));
      expect(nowhere).toBeInstanceOf(InternalServerError);
      expect(nowhere).toMatchObject({ status: 503, code: 'service_unavailable' });
      expect(Number((nowhere.headers as Headers).get('retry-after'))).toBeGreaterThan(0);
    });

    it('of an upstream that refuses the request are the upstream’s own', async () => {
      upstream.willAnswer(
        { error: { message: 'cannot', type: 'invalid_request_error', param: 'tools', code: 'bad_tools' } },
        422,
      );
      const error = await thrownBy(create());
      expect(error).toBeInstanceOf(UnprocessableEntityError);
      expect(error).toMatchObject({ status: 422, param: 'tools', code: 'bad_tools', message: '422 cannot' });
    });

    it('of a client that waits no longer or leaves abandon the upstream', async () => {
      upstream.willHang();
      const late = await thrownBy(
        clientOf(key, { timeout: 150 }).chat.completions.create({ model: 'm', messages: HELLO }),
      );
      // Its subclass for time-outs is not told apart across the realms of the test runner.
      expect(late).toBeInstanceOf(APIConnectionError);
      await upstream.calls[0]?.abandoned;
      const controller = new AbortController();
      const running = thrownBy(
        client.chat.completions.create({ model: 'm', messages: HELLO }, { signal: controller.signal }),
      );
      const [, call] = await upstream.received(2);
      controller.abort();
      expect(await running).toBeInstanceOf(APIUserAbortError);
      await call?.abandoned;
    });
  });

  describe('retries', () => {
    const attempts = async (apiKey: string): Promise<number> => {
      const prefix = apiKey.slice(0, 11);
      await sleep(400);
      return gateway.callLines().filter((line) => String(line['key_prefix']).startsWith(prefix)).length;
    };
    const retrying = async (fields: Record<string, unknown> = {}): Promise<{ by: OpenAI; secret: string }> => {
      const { key: secret } = await gateway.key(fields);
      return { by: clientOf(secret, { maxRetries: 2 }), secret };
    };

    it('get over an upstream that fails for a moment', async () => {
      const { by, secret } = await retrying();
      let failures = 2;
      upstream.will((_call, response) => {
        failures -= 1;
        answerJson(response, failures >= 0 ? 500 : 200, failures >= 0 ? { error: { message: 'no' } } : ANSWER, {
          'retry-after-ms': '20',
        });
      });
      const completion = await by.chat.completions.create({ model: 'm', messages: HELLO });
      expect(completion.choices[0]?.message.content).toBe('Hello! How can I help?');
      expect(upstream.calls).toHaveLength(3);
      expect(await attempts(secret)).toBe(3);
    });

    it.each([
      ['a bad request', {}, { temperature: 'hot' }, 400],
      ['an unknown model', {}, { model: 'nope' }, 404],
      ['a model that is not allowed', { allowed_models: ['other'] }, {}, 403],
    ])('are not made for %s', async (_what, keyFields, fields, status) => {
      const { by, secret } = await retrying(keyFields);
      const error = await thrownBy(by.chat.completions.create({ model: 'm', messages: HELLO, ...fields } as any));
      expect(error.status).toBe(status);
      expect(await attempts(secret)).toBe(1);
    });

    it('wait for as long as the gateway says when a limit is reached', async () => {
      const { by, secret } = await retrying({ concurrency_limit: 1 });
      upstream.will(async (_call, response) => {
        await sleep(400);
        answerJson(response, 200, ANSWER);
      });
      const both = await Promise.all(
        [1, 2].map(async () => by.chat.completions.create({ model: 'm', messages: HELLO })),
      );
      expect(both).toHaveLength(2);
      expect(upstream.calls).toHaveLength(2);
      expect(await attempts(secret)).toBeGreaterThan(2);
    });
  });

  describe('models', () => {
    it('are listed and retrieved, with slashes in their names', async () => {
      await gateway.model('org/model.v1', [upstream.url]);
      const ids: string[] = [];
      for await (const model of client.models.list()) ids.push(model.id);
      expect(ids).toEqual(expect.arrayContaining(['m', 'org/model.v1']));
      expect(await client.models.retrieve('org/model.v1')).toMatchObject({ id: 'org/model.v1', object: 'model' });
      expect(await thrownBy(client.models.retrieve('nope'))).toBeInstanceOf(NotFoundError);
      const completion = await client.chat.completions.create({ model: 'org/model.v1', messages: HELLO });
      expect(completion.model).toBe('org/model.v1');
    });
  });

  it('leaves records that agree with what the SDK was told', async () => {
    const { key: own, api_key } = await gateway.key();
    const by = clientOf(own);
    const whole = await by.chat.completions.create({ model: 'm', messages: HELLO });
    const stream = await by.chat.completions.create({
      model: 'm',
      messages: HELLO,
      stream: true,
      stream_options: { include_usage: true },
    });
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const part of stream) usage = part.usage ?? usage;
    const rows = await eventually(async () => {
      const { data } = await gateway.manage('GET', `/usage?key_id=${api_key.id}`);
      return data.length === 2 ? (data as any[]) : null;
    });
    const total = (wanted: boolean): number => rows.find((row) => row.stream === wanted).total_tokens;
    expect(total(false)).toBe(whole.usage?.total_tokens);
    expect(total(true)).toBe(usage?.total_tokens);
  });
});
