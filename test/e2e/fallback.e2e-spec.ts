import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ANSWER, event, ScriptedUpstream, STREAM } from '../support/scripted-upstream.js';

describe('fallback', () => {
  let gateway: GatewayProcess;
  let first: ScriptedUpstream;
  let second: ScriptedUpstream;
  let key: string;

  beforeAll(async () => {
    first = await ScriptedUpstream.start();
    second = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({
      env: { OMNI_HEALTH_CHECKS: 'false', OMNI_PASSIVE_THRESHOLD: '1000', OMNI_FIRST_BYTE_TIMEOUT_MS: '400' },
    });
    const backends = [
      { url: first.url, priority: 0 },
      { url: second.url, priority: 1 },
    ];
    await gateway.model('m', [], { backends });
    await gateway.model('alone', [first.url]);
    key = (await gateway.key()).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await first?.close();
    await second?.close();
  });
  beforeEach(() => {
    first.calls.length = 0;
    second.calls.length = 0;
    second.willBehave();
  });

  const failures: [string, (upstream: ScriptedUpstream) => unknown][] = [
    ['answers 500', (u) => u.willAnswer({ error: { message: 'boom' } }, 500)],
    ['answers 503', (u) => u.willAnswer('unavailable', 503)],
    ['answers 429', (u) => u.willAnswer({ error: { message: 'slow down' } }, 429, { 'retry-after': '7' })],
    ['answers 401', (u) => u.willAnswer({ error: { message: 'bad key' } }, 401)],
    ['drops the connection', (u) => u.will((_call, response) => void response.destroy())],
    ['does not begin to answer', (u) => u.willHang()],
    ['redirects', (u) => u.willAnswer('', 307, { location: 'http://127.0.0.1:1/' })],
    ['answers garbage', (u) => u.willAnswer('<html>hello</html>')],
    ['answers half a document', (u) => u.willAnswer('{"id":"x","choices":[')],
    [
      'announces more than it sends',
      (u) =>
        u.will((_call, response) => {
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
          response.write('{"id":');
          setTimeout(() => response.destroy(), 20);
        }),
    ],
    ['puts an error inside a 200', (u) => u.willAnswer({ error: { message: 'provider down', code: 502 } })],
    [
      'answers something that is not HTTP',
      (u) => u.will((_call, response) => void response.socket?.end('NOT HTTP AT ALL\r\n\r\n')),
    ],
  ];

  it.each(failures)('tries the next backend when the first one %s', async (_what, fail) => {
    fail(first);
    const response = await gateway.chat(key, QUESTION);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ...ANSWER, model: 'm' });
    expect(response.headers.get('x-omni-attempts')).toBe('2');
    expect(response.headers.get('x-omni-fallback')).toBe('true');
    expect(first.calls).toHaveLength(1);
    expect(second.calls).toHaveLength(1);
  });

  const streamFailures: [string, (upstream: ScriptedUpstream) => unknown][] = [
    ['refuses it', (u) => u.willAnswer({ error: { message: 'boom' } }, 500)],
    ['accepts it and breaks before the first event', (u) => u.willStream(STREAM, { cutAfter: 0 })],
    [
      'accepts it and sends an error as its first event',
      (u) => u.willStream([event({ error: { message: 'overloaded' } })]),
    ],
    ['accepts it, sends comments and goes away', (u) => u.willStream([': processing\n\n', ': processing\n\n'])],
  ];

  it.each(streamFailures)('tries the next backend for a stream when the first one %s', async (_what, fail) => {
    fail(first);
    const response = await gateway.chat(key, { ...QUESTION, stream: true });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain('Hello');
    expect(text).not.toContain('error');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(response.headers.get('x-omni-attempts')).toBe('2');
  });

  it('does not try another backend once the stream has begun', async () => {
    first.willStream(STREAM, { cutAfter: 2 });
    const text = await (await gateway.chat(key, { ...QUESTION, stream: true })).text();
    expect(text).toContain('"code":"upstream_error"');
    expect(text).not.toContain('[DONE]');
    expect(second.calls).toHaveLength(0);
  });

  it('does not try another backend for what the caller did wrong', async () => {
    for (const status of [400, 404, 413, 422]) {
      first.willAnswer(
        { error: { message: `no: ${status}`, type: 'invalid_request_error', param: null, code: 'x' } },
        status,
      );
      const response = await gateway.chat(key, QUESTION);
      expect(response.status).toBe(status);
      expect(((await response.json()) as any).error.message).toBe(`no: ${status}`);
    }
    expect(second.calls).toHaveLength(0);
  });

  it('tells the caller what the last upstream said when all have failed', async () => {
    first.willAnswer({ error: { message: 'first is down' } }, 500);
    second.willAnswer({ error: { message: 'second is down' } }, 503, { 'retry-after': '9' });
    const response = await gateway.chat(key, QUESTION);
    expect(response.status).toBe(502);
    expect(response.headers.get('retry-after')).toBe('9');
    const { error } = (await response.json()) as any;
    expect(error).toMatchObject({ type: 'api_error', code: 'upstream_error' });
    expect(error.message).toContain('503');
    expect(error.message).toContain('second is down');
  });

  it('answers 504 when the only upstream is too slow, and 502 when it cannot be reached', async () => {
    first.willHang();
    const slow = await gateway.chat(key, { ...QUESTION, model: 'alone' });
    expect(slow.status).toBe(504);
    expect(((await slow.json()) as any).error.code).toBe('upstream_timeout');
    await gateway.model('gone', ['http://127.0.0.1:9']);
    const gone = await gateway.chat(key, { ...QUESTION, model: 'gone' });
    expect(gone.status).toBe(502);
    expect(((await gone.json()) as any).error.code).toBe('upstream_error');
  });

  it('bounds the whole call by x-omni-timeout-ms', async () => {
    first.willHang();
    const response = await gateway.chat(
      key,
      { ...QUESTION, model: 'alone' },
      { headers: { 'x-omni-timeout-ms': '100' } },
    );
    expect(response.status).toBe(504);
    // Not the bound on the first byte, which is the longer one.
    expect(((await response.json()) as any).error.message).toBe('No complete answer within 100 ms.');
    const wrong = await gateway.chat(key, QUESTION, { headers: { 'x-omni-timeout-ms': 'soon' } });
    expect(wrong.status).toBe(400);
  });

  it('abandons the upstream when the caller leaves before an answer, without blaming the backend', async () => {
    first.willHang();
    const controller = new AbortController();
    const running = gateway.chat(
      key,
      { ...QUESTION, model: 'alone' },
      { signal: controller.signal, headers: { 'x-request-id': 'left-early' } },
    );
    const [call] = await first.received(1);
    controller.abort();
    await expect(running).rejects.toThrow();
    await call?.abandoned;
    const line = await gateway.callLine('left-early');
    expect(line).toMatchObject({ status: 499, error_kind: null, attempts: 1 });
    const record = await eventually(async () => (await gateway.manage('GET', '/usage?request_id=left-early')).data[0]);
    expect(record).toMatchObject({ outcome: 'hung_up', status: 499, usage_source: 'counted' });
    expect(await gateway.metrics()).toContain(`gateway_backend_health{model="alone",backend_url="${first.url}"} 1`);
  });
});
