import { createParser } from 'eventsource-parser';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { chunk, DONE, event, ScriptedUpstream, STREAM } from '../support/scripted-upstream.js';

interface StreamedAnswer {
  status: number;
  headers: Headers;
  text: string;
  events: any[];
  done: number;
}

async function readStream(response: Response): Promise<StreamedAnswer> {
  const text = await response.text();
  const data: string[] = [];
  createParser({ onEvent: (message) => data.push(message.data) }).feed(text);
  const events = data.filter((item) => item !== '[DONE]').map((item) => JSON.parse(item) as unknown);
  return {
    status: response.status,
    headers: response.headers,
    text,
    events,
    done: data.filter((item) => item === '[DONE]').length,
  };
}

const content = ({ events }: StreamedAnswer): string =>
  events.map((item) => item.choices?.[0]?.delta?.content ?? '').join('');

describe('streaming', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;
  let key: string;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({
      env: {
        OMNI_HEALTH_CHECKS: 'false',
        OMNI_BODY_TIMEOUT_MS: '1000',
        OMNI_TOTAL_TIMEOUT_MS: '1000',
        OMNI_IDLE_TIMEOUT_MS: '600',
        OMNI_PASSIVE_THRESHOLD: '1000',
      },
    });
    await gateway.model('m', [upstream.url]);
    key = (await gateway.key()).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });

  const stream = async (body: object = {}): Promise<StreamedAnswer> =>
    readStream(await gateway.chat(key, { ...QUESTION, stream: true, ...body }));

  it('passes the text on, with the caller’s name for the model in every chunk and one [DONE]', async () => {
    upstream.willStream();
    const answer = await stream();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(content(answer)).toBe('Hello! How can I help?');
    expect(answer.events.every((item) => item.model === 'm')).toBe(true);
    expect(answer.done).toBe(1);
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('asks the upstream for usage and hides it from a caller who did not', async () => {
    upstream.willStream();
    const answer = await stream();
    expect(upstream.calls.at(-1)?.body['stream_options']).toEqual({ include_usage: true });
    expect(answer.events).toHaveLength(STREAM.length - 2);
    expect(answer.events.some((item) => 'usage' in item)).toBe(false);
    const line = await gateway.callLine(answer.headers.get('x-request-id') ?? '');
    expect(line).toMatchObject({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, stream: true });
  });

  it('shows usage to a caller who asked, and never sums cumulative usage', async () => {
    const usage = (n: number) => ({ prompt_tokens: 10, completion_tokens: n, total_tokens: 10 + n });
    upstream.willStream([
      chunk({ content: 'a' }, { usage: usage(1) }),
      chunk({ content: 'b' }, { usage: usage(2) }),
      chunk({}, { usage: usage(2) }, 'stop'),
      chunk({}, { choices: [], usage: usage(2) }),
      DONE,
    ]);
    const answer = await stream({ stream_options: { include_usage: true } });
    expect(answer.events.at(-1)).toMatchObject({ choices: [], usage: usage(2) });
    const line = await gateway.callLine(answer.headers.get('x-request-id') ?? '');
    expect(line['total_tokens']).toBe(12);
  });

  it('counts reasoning and tool-call deltas as the first token and leaves them untouched', async () => {
    const toolCall = {
      tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":' } }],
    };
    upstream.willStream([
      chunk({ reasoning_content: 'hm', extra: 12345678901234567890n.toString() }),
      chunk(toolCall),
      chunk({}, {}, 'tool_calls'),
      DONE,
    ]);
    const answer = await stream();
    expect(answer.events[0].choices[0].delta).toEqual({ reasoning_content: 'hm', extra: '12345678901234567890' });
    expect(answer.events[1].choices[0].delta).toEqual(toolCall);
    const line = await gateway.callLine(answer.headers.get('x-request-id') ?? '');
    expect(line['ttft_ms']).toBeGreaterThan(0);
  });

  it('survives characters and events split over network reads', async () => {
    upstream.willStream([chunk({ content: 'Grüße 👋🏽 ' }), chunk({ content: '日本語' }), chunk({}, {}, 'stop'), DONE], {
      chunkBytes: 3,
    });
    expect(content(await stream())).toBe('Grüße 👋🏽 日本語');
  });

  it('outlives every time-out of the server as long as bytes flow', async () => {
    const events = [
      ...Array.from({ length: 12 }, (_unused, n) => chunk({ content: `${n} ` })),
      chunk({}, {}, 'stop'),
      DONE,
    ];
    upstream.willStream(events, { delayMs: 200 });
    const started = Date.now();
    const answer = await stream();
    expect(Date.now() - started).toBeGreaterThan(2000);
    expect(answer.done).toBe(1);
    expect(content(answer)).toContain('11 ');
  });

  it('cuts a stream that fell silent, with an error event and without [DONE]', async () => {
    upstream.willStream(STREAM, { stallAfter: 3 });
    const answer = await stream();
    expect(answer.done).toBe(0);
    expect(answer.events.at(-1)).toMatchObject({ error: { type: 'api_error', code: 'upstream_timeout' } });
    const line = await gateway.callLine(answer.headers.get('x-request-id') ?? '');
    expect(line).toMatchObject({ status: 200, error_kind: 'upstream_timeout' });
  });

  it.each([
    ['breaks the connection', { cutAfter: 3 }],
    ['ends before the answer is complete', { endAfter: 3 }],
  ])('never ends as if it had succeeded when the upstream %s', async (_what, options) => {
    upstream.willStream(STREAM, options);
    const answer = await stream();
    expect(answer.done).toBe(0);
    expect(answer.events.at(-1)).toMatchObject({ error: { code: 'upstream_error' } });
    expect(content(answer)).toBe('Hello! How');
  });

  it('turns an error inside the stream into the error event of the dialect', async () => {
    upstream.willStream([
      STREAM[0] ?? '',
      event({ error: { message: 'overloaded', type: 'server_error', code: 503 } }),
    ]);
    const answer = await stream();
    expect(answer.done).toBe(0);
    expect(answer.events.at(-1).error.message).toContain('overloaded');
  });

  it('answers a refused stream with a true HTTP status and JSON', async () => {
    upstream.willAnswer(
      {
        error: {
          message: 'max_tokens is too large',
          type: 'invalid_request_error',
          param: 'max_tokens',
          code: 'too_large',
        },
      },
      400,
    );
    const response = await gateway.chat(key, { ...QUESTION, stream: true });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toMatchObject({
      error: {
        message: 'max_tokens is too large',
        type: 'invalid_request_error',
        param: 'max_tokens',
        code: 'too_large',
      },
      request_id: response.headers.get('x-request-id'),
    });
  });

  it('aborts the upstream at once when the caller hangs up, and records it', async () => {
    upstream.willStream(STREAM, { stallAfter: 2 });
    const controller = new AbortController();
    const response = await gateway.chat(key, { ...QUESTION, stream: true }, { signal: controller.signal });
    await response.body?.getReader().read();
    const call = upstream.calls.at(-1);
    const started = Date.now();
    controller.abort();
    await call?.abandoned;
    expect(Date.now() - started).toBeLessThan(2000);
    const requestId = response.headers.get('x-request-id') ?? '';
    const line = await gateway.callLine(requestId);
    expect(line['stream']).toBe(true);
    expect(line['error_kind']).toBeNull();
    expect(line['completion_tokens']).toBeGreaterThan(0);
  });

  it('reports the active streams and the gaps between tokens', async () => {
    upstream.willStream(STREAM, { delayMs: 60 });
    const running = stream();
    await eventually(async () => (await gateway.metrics()).includes('gateway_active_streams{model="m"} 1'));
    await running;
    await eventually(async () => (await gateway.metrics()).includes('gateway_active_streams{model="m"} 0'));
    expect(await gateway.metrics()).toMatch(/gateway_inter_token_latency_seconds_count\{model="m"\} [1-9]/);
  });
});
