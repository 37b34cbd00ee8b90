import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { RawConnection, rawAnswer, residentBytes } from '../support/raw-http.js';
import { ANSWER, ScriptedUpstream } from '../support/scripted-upstream.js';

/** Stands in every bad body; no answer and no log line may repeat it. */
const WORDS = 'words-of-the-body';
const MB = 1024 * 1024;
const HELLO = { role: 'user', content: WORDS };

interface Expected {
  status: number;
  param?: string | null;
  type?: string;
  code?: string;
}

function expectEnvelope(answer: { status: number; contentType: string; text: string }, expected: Expected): void {
  expect(`${answer.status} ${answer.text}`).toMatch(new RegExp(`^${expected.status} `));
  expect(answer.contentType).toMatch(/^application\/json/);
  expect(answer.text).not.toContain(WORDS);
  const body = JSON.parse(answer.text) as any;
  expect(Object.keys(body).sort()).toEqual(['error', 'request_id']);
  expect(Object.keys(body.error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(body.error.message).toMatch(/\S/);
  expect(body.error.type).toBe(expected.type ?? 'invalid_request_error');
  expect(typeof body.error.code).toBe('string');
  if (expected.code !== undefined) expect(body.error.code).toBe(expected.code);
  if (expected.param !== undefined) expect(body.error.param).toBe(expected.param);
  expect(body.request_id).toMatch(/^[A-Za-z0-9._:/+=@-]{1,128}$/);
}

describe('bad input', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;
  let key: string;
  let goodCalls = 0;
  let calling = true;
  let good: Promise<void>;
  const failedGoodCalls: string[] = [];

  beforeAll(async () => {
    upstream = (await ScriptedUpstream.start()).willAnswer();
    gateway = await GatewayProcess.start({
      env: { OMNI_HEALTH_CHECKS: 'false', OMNI_BODY_TIMEOUT_MS: '3000', LOG_LEVEL: 'debug' },
    });
    await gateway.model('m', [upstream.url]);
    await gateway.manage('POST', '/providers', { name: 'vendor', base_url: `${upstream.url}/v1` });
    key = (await gateway.key()).key;
    good = keepCalling();
  });
  afterAll(async () => {
    calling = false;
    await good;
    await gateway?.stop();
    await upstream?.close();
  });

  /** One good call after the other, all the time: nothing that others send may harm them. */
  async function keepCalling(): Promise<void> {
    while (calling) {
      const response = await gateway.chat(key, QUESTION).catch((error: unknown) => error as Error);
      const said = response instanceof Error ? response.message : `${response.status} ${await response.text()}`;
      if (said !== `200 ${JSON.stringify({ ...ANSWER, model: 'm' })}`) failedGoodCalls.push(said);
      goodCalls += 1;
      await sleep(10);
    }
  }

  async function expectRefused(
    body: string | Uint8Array<ArrayBuffer> | null,
    expected: Expected,
    headers: object = {},
  ): Promise<void> {
    const before = upstream.calls.filter((call) => call.text.includes(WORDS)).length;
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body,
    });
    const contentType = response.headers.get('content-type') ?? '';
    const text = await response.text();
    expectEnvelope({ status: response.status, contentType, text }, expected);
    expect(response.headers.get('x-request-id')).toBe((JSON.parse(text) as any).request_id);
    expect(upstream.calls.filter((call) => call.text.includes(WORDS))).toHaveLength(before);
  }

  const requestOf = (head: string, body = ''): string =>
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n${head}\r\n${body}`;
  const goodBody = JSON.stringify(QUESTION);
  const goodRequest = (): string =>
    requestOf(`content-type: application/json\r\ncontent-length: ${goodBody.length}\r\n`, goodBody);

  const expectRawRefusal = async (bytes: string | Buffer, expected: Expected): Promise<void> => {
    const answer = await rawAnswer(gateway.url, bytes);
    expectEnvelope({ ...answer, contentType: answer.headers['content-type'] ?? '', text: answer.body }, expected);
    expect(answer.headers['x-request-id']).toBe((JSON.parse(answer.body) as any).request_id);
  };

  describe('in a body that is no JSON', () => {
    const rest = `"messages":[{"role":"user","content":"${WORDS}"}]}`;
    const bodies: [string, string | Uint8Array<ArrayBuffer>][] = [
      ['is empty', ''],
      ['is cut off', `{"model":"m","messages":[{"role":"user","content":"${WORDS}`],
      ['is cut off behind a comma', `{"model":"m",`],
      ['has something behind it', `{"model":"m",${rest}${WORDS}`],
      ['is two documents', `{"model":"m",${rest}{"model":"m",${rest}`],
      ['is null', 'null'],
      ['is an array', `[{"model":"m",${rest}]`],
      ['is a string', `"${WORDS}"`],
      ['is a number', '17'],
      ['is a form', `model=m&words=${WORDS}`],
      ['has NaN in it', `{"model":"m","temperature":NaN,${rest}`],
      ['has Infinity in it', `{"model":"m","temperature":-Infinity,${rest}`],
      ['has a hexadecimal number in it', `{"model":"m","seed":0x10,${rest}`],
      ['has a number with leading zeros in it', `{"model":"m","seed":007,${rest}`],
      ['has a trailing comma', `{"model":"m","messages":[{"role":"user","content":"${WORDS}"},]}`],
      ['has comments', `{"model":"m",/* ${WORDS} */${rest}`],
      ['has single quotes', `{'model':'m',${rest}`],
      ['has a raw line break in a string', `{"model":"m","messages":[{"role":"user","content":"${WORDS}\n"}]}`],
      ['has a bad escape in a string', `{"model":"m","messages":[{"role":"user","content":"${WORDS}\\x"}]}`],
      ['has half an escape in a string', `{"model":"m","messages":[{"role":"user","content":"${WORDS}\\u12"}]}`],
      ['begins with a byte order mark', `\ufeff{"model":"m",${rest}`],
      ['is UTF-16', new Uint8Array(Buffer.from(`{"model":"m",${rest}`, 'utf16le'))],
      ['is not UTF-8', new Uint8Array(Buffer.from(`{"model":"m","x":"\xff\xfe",${rest}`, 'latin1'))],
      ['has an overlong UTF-8 sequence', new Uint8Array(Buffer.from(`{"model":"m","x":"\xc0\xaf",${rest}`, 'latin1'))],
      ['has an encoded surrogate', new Uint8Array(Buffer.from(`{"model":"m","x":"\xed\xa0\x80",${rest}`, 'latin1'))],
      ['is 10,000 arrays deep', `{"model":"m","x":${'['.repeat(10_000)}${']'.repeat(10_000)},${rest}`],
      ['is 10,000 objects deep', `{"model":"m","x":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)},${rest}`],
      ['is a million brackets', '['.repeat(1_000_000)],
      ['is nothing but bytes', new Uint8Array(4096).fill(0)],
    ];

    it.each(bodies)('refuses a body that %s', async (_what, body) => {
      await expectRefused(body, { status: 400, param: null });
    });
  });

  describe('in a field', () => {
    const messages = [HELLO];
    const first = (fields: object): object => ({ model: 'm', messages: [{ ...HELLO, ...fields }] });
    const call = (fields: object): object => first({ role: 'assistant', tool_calls: [fields] });
    const plus = (fields: object): object => ({ model: 'm', messages, ...fields });
    const manyNames = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`name${index}`, 'x']));

    const bodies: [string | null, object][] = [
      ['model', { messages }],
      ...[17, null, '', [], {}, true, 'x'.repeat(257)].map((model): [string, object] => ['model', { model, messages }]),
      ['messages', { model: 'm' }],
      ...[WORDS, null, {}, [], 7].map((value): [string, object] => ['messages', { model: 'm', messages: value }]),
      ['messages[0]', { model: 'm', messages: [WORDS] }],
      ['messages[0]', { model: 'm', messages: [null] }],
      ['messages[1]', { model: 'm', messages: [HELLO, [HELLO]] }],
      ['messages[2].role', { model: 'm', messages: [HELLO, HELLO, { content: WORDS }] }],
      ['messages[0].role', first({ role: 5 })],
      ['messages[0].role', first({ role: WORDS })],
      ['messages[0].content', first({ content: 5 })],
      ['messages[0].content', first({ content: { text: WORDS } })],
      ['messages[0].content[0]', first({ content: [WORDS] })],
      ['messages[0].content[1].type', first({ content: [{ type: 'text', text: WORDS }, { text: WORDS }] })],
      ['messages[0].tool_calls', first({ role: 'assistant', tool_calls: WORDS })],
      ['messages[0].tool_calls[0]', first({ role: 'assistant', tool_calls: [WORDS] })],
      ['messages[0].tool_calls[0].id', call({ id: 5 })],
      ['messages[0].tool_calls[0].function', call({ function: WORDS })],
      ['messages[0].tool_calls[0].function.name', call({ function: { name: 5 } })],
      ['messages[0].tool_calls[0].function.arguments', call({ function: { name: 'f', arguments: { a: WORDS } } })],
      ['messages[0].tool_call_id', first({ role: 'tool', tool_call_id: 5 })],
      ['stream', plus({ stream: 'yes' })],
      ['stream_options', plus({ stream: true, stream_options: WORDS })],
      ['stream_options.include_usage', plus({ stream: true, stream_options: { include_usage: WORDS } })],
      ['temperature', plus({ temperature: WORDS })],
      ['top_p', plus({ top_p: [1] })],
      ['max_tokens', plus({ max_tokens: -1 })],
      ['max_tokens', plus({ max_tokens: 0 })],
      ['max_tokens', plus({ max_tokens: 1.5 })],
      ['max_tokens', plus({ max_tokens: '100' })],
      ['max_completion_tokens', plus({ max_completion_tokens: 2 ** 53 })],
      ['n', plus({ n: 0 })],
      ['n', plus({ n: 1e300 })],
      ['seed', plus({ seed: 0.5 })],
      ['logprobs', plus({ logprobs: 1 })],
      ['top_logprobs', plus({ top_logprobs: -1 })],
      ['stop[1]', plus({ stop: [WORDS, 5] })],
      ['tools', plus({ tools: {} })],
      ['tools[0]', plus({ tools: [WORDS] })],
      ['tools[1].type', plus({ tools: [{ type: 'function' }, { function: { name: WORDS } }] })],
      ['tool_choice', plus({ tool_choice: 5 })],
      ['response_format', plus({ response_format: WORDS })],
      ['metadata', plus({ metadata: [WORDS] })],
      ['user', plus({ user: { name: WORDS } })],
      ['omni_route', plus({ omni_route: 5 })],
      ['omni_provider', plus({ omni_provider: [WORDS] })],
      ['omni_metadata', plus({ omni_metadata: WORDS })],
      ['omni_metadata', plus({ omni_metadata: { team: 5 } })],
      ['omni_metadata', plus({ omni_metadata: { team: { name: WORDS } } })],
      ['omni_metadata', plus({ omni_metadata: { [`${WORDS}${'x'.repeat(64)}`]: 'x' } })],
      ['omni_metadata', plus({ omni_metadata: manyNames })],
      ['fallback_models', plus({ fallback_models: WORDS })],
      ['fallback_models', plus({ fallback_models: ['1', '2', '3', '4', '5', '6'] })],
      ['fallback_models[1]', plus({ fallback_models: ['m', 5] })],
      ['omni_cache', plus({ omni_cache: 'yes' })],
      ['omni_strict', plus({ omni_strict: 1 })],
    ];

    it.each(bodies)('names %s when it is wrong: %j', async (param, body) => {
      await expectRefused(JSON.stringify(body), { status: 400, param });
    });

    it.each([
      ['temperature', `{"temperature":1e999,"model":"m","messages":[{"role":"user","content":"${WORDS}"}]}`],
      ['max_tokens', `{"max_tokens":1e308,"model":"m","messages":[{"role":"user","content":"${WORDS}"}]}`],
      ['model', `{"model":"m","model":"other","messages":[{"role":"user","content":"${WORDS}"}]}`],
      ['model', `{"model":"m","\\u006dodel":"other","messages":[{"role":"user","content":"${WORDS}"}]}`],
      ['stream', `{"stream":true,"model":"m","messages":[{"role":"user","content":"${WORDS}"}],"stream":false}`],
      ['messages', `{"model":"m","messages":[{"role":"user","content":"hi"}],"messages":[{"role":"${WORDS}"}]}`],
      ['omni_provider', `{"model":"m","omni_provider":"a","omni_provider":"b","messages":[]}`],
      ['__proto__', `{"__proto__":{"model":"m"},"messages":[{"role":"user","content":"${WORDS}"}]}`],
      [
        '__proto__',
        `{"\\u005f_proto__":{"stream":true},"model":"m","messages":[{"role":"user","content":"${WORDS}"}]}`,
      ],
    ])('refuses %s in what no honest client writes: %s', async (param, body) => {
      await expectRefused(body, { status: 400, param });
    });

    it('passes on what it does not know, byte for byte, and is not changed by it', async () => {
      const body =
        `{ "constructor":{"prototype":{"polluted":1}} ,"toString":1,"model":"m","big":123456789012345678901234567890,` +
        `"tiny":1e-400,"lone":"\\ud800","nul":"\\u0000","messages":[{"role":"user","content":"\\udfff \\u0000","__proto__":{"a":1}}]}`;
      const response = await gateway.chat(key, body);
      expect(response.status).toBe(200);
      expect(upstream.calls.filter((call) => call.text.includes('polluted')).at(-1)?.text).toBe(
        body.replace('"model":"m"', '"model":"upstream-model"'),
      );
    });
  });

  describe('in a name', () => {
    it.each([
      ['"a\\u0000b"', 'model_not_found'],
      ['"\\ud800"', 'model_not_found'],
      ['"../../etc/passwd"', 'model_not_found'],
      ['"__proto__"', 'model_not_found'],
      ['"constructor"', 'model_not_found'],
      ['"vendor/"', 'model_not_found'],
      ['"\\r\\nx-evil: 1"', 'model_not_found'],
    ])('answers 404 for the model %s and keeps a record of the call', async (model, code) => {
      const id = `name-${Math.random().toString(36).slice(2)}`;
      const body = `{"model":${model},"messages":[{"role":"user","content":"${WORDS}"}]}`;
      await expectRefused(body, { status: 404, code, param: 'model' }, { 'x-request-id': id });
      const row = await eventually(async () => (await gateway.manage('GET', `/usage?request_id=${id}`)).data[0]);
      expect(row).toMatchObject({ outcome: 'refused', status: 404 });
    });

    it.each(['"vendor/\\ud800"', '"vendor/a\\r\\nx-evil: 1"', '"vendor/\\u0000"', '"vendor/мир"', '"vendor/a b"'])(
      'sends the model %s to its provider and writes a header that is one line of ASCII',
      async (model) => {
        const id = `vendor-${Math.random().toString(36).slice(2)}`;
        const response = await gateway.chat(key, `{"model":${model},"messages":[{"role":"user","content":"hi"}]}`, {
          headers: { 'x-request-id': id },
        });
        expect(response.status).toBe(200);
        expect(response.headers.get('x-omni-model')).toMatch(/^[\x20-\x7e]+$/);
        expect(response.headers.get('x-evil')).toBeNull();
        expect(((await response.json()) as any).model).toBe(JSON.parse(model));
        await eventually(async () => (await gateway.manage('GET', `/usage?request_id=${id}`)).data[0]);
      },
    );

    it('keeps a record of metadata that no database takes as it is', async () => {
      const omni_metadata = { 'a\u0000b': '\ud800', team: 'x\u0000y' };
      const response = await gateway.chat(key, { ...QUESTION, omni_metadata }, { headers: { 'x-request-id': 'odd' } });
      expect(response.status).toBe(200);
      const row = await eventually(async () => (await gateway.manage('GET', `/usage?request_id=odd`)).data[0]);
      expect(Object.keys(row.metadata)).toHaveLength(2);
    });
  });

  describe('in headers', () => {
    const body = JSON.stringify({ model: 'm', messages: [HELLO] });
    const manyNames = JSON.stringify(Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`n${index}`, 'x'])));

    it.each([
      ['x-omni-metadata', WORDS],
      ['x-omni-metadata', '[1]'],
      ['x-omni-metadata', '"text"'],
      ['x-omni-metadata', '{"team":5}'],
      ['x-omni-metadata', '{"team":"x"'],
      ['x-omni-metadata', '{"__proto__":"x"}'],
      ['x-omni-metadata', `{"${'x'.repeat(65)}":"x"}`],
      ['x-omni-metadata', `{"team":"${'x'.repeat(513)}"}`],
      ['x-omni-metadata', manyNames],
      ['x-omni-timeout-ms', 'soon'],
      ['x-omni-timeout-ms', '-1'],
      ['x-omni-timeout-ms', '0'],
      ['x-omni-timeout-ms', '1e3'],
      ['x-omni-timeout-ms', '99999999999999999999'],
    ])('names %s when it is wrong: %s', async (name, value) => {
      await expectRefused(body, { status: 400, param: name }, { [name]: value });
    });

    it.each([
      '',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
      'json',
      ';;',
      '*/*',
    ])('refuses the content type "%s"', async (type) => {
      const head = type === '' ? '' : `content-type: ${type}\r\n`;
      const bytes = requestOf(`${head}content-length: ${body.length}\r\n`, body);
      await expectRawRefusal(bytes, { status: 415, code: 'unsupported_media_type' });
    });

    it('says which header a body lacks, which element of a list is wrong, and that a model has no backend', async () => {
      const form = { method: 'POST', body: new URLSearchParams({ name: 'x' }) };
      for (const path of ['/v1/chat/completions', '/admin/v1/keys'])
        expect(await (await fetch(`${gateway.url}${path}`, form)).text()).toContain('content-type: application/json');
      const wrong = await gateway.admin('POST', '/models', { name: 'listed', backends: ['http://127.0.0.1:9'] });
      expect(wrong.body.error.message).toBe('each value in backends must be an object.');
      await gateway.model('bare', []);
      const bare = await gateway.chat(key, { ...QUESTION, model: 'bare' });
      expect(bare.status).toBe(503);
      expect(await bare.text()).toContain('has no active backend');
    });

    it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset=UTF-8; x=y'])(
      'takes the content type "%s"',
      async (type) => {
        const response = await gateway.chat(key, QUESTION, { headers: { 'content-type': type } });
        expect(response.status).toBe(200);
      },
    );

    it.each(['a b', '"x"', 'x'.repeat(129), '<script>', 'a,b', 'ü'])(
      'replaces the request id %s in the answer to a bad call too',
      async (id) => {
        const answer = await rawAnswer(gateway.url, requestOf(`x-request-id: ${id}\r\ncontent-length: 0\r\n`));
        expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      },
    );

    it.each([
      ['10,000 headers', () => requestOf(Array.from({ length: 10_000 }, (_, n) => `x-h${n}: 1\r\n`).join(''))],
      ['one header of 100 KB', () => requestOf(`x-long: ${'a'.repeat(100_000)}\r\n`)],
      ['one header of 1 MB without an end', () => requestOf(`x-long: ${'a'.repeat(MB)}`)],
      ['a header name of 100 KB', () => requestOf(`${'a'.repeat(100_000)}: 1\r\n`)],
      ['a path of 100 KB', () => `GET /v1/${'a'.repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
    ])('answers 431 to %s', async (_what, bytes) => {
      await expectRawRefusal(bytes(), { status: 431, code: 'headers_too_large' });
    });
  });

  describe('in HTTP itself', () => {
    it.each([
      ['garbage', () => `${WORDS}\r\n\r\n`],
      ['TLS', () => Buffer.from('160301020001000001fc0303', 'hex')],
      ['an unknown version', () => 'GET / HTTP/9.9\r\nhost: x\r\n\r\n'],
      ['an unknown method', () => 'BREW /v1/models HTTP/1.1\r\nhost: x\r\n\r\n'],
      ['no host', () => 'GET /v1/models HTTP/1.1\r\n\r\n'],
      ['a header without a colon', () => `GET /v1/models HTTP/1.1\r\nhost: x\r\n${WORDS}\r\n\r\n`],
      ['a header with a NUL', () => 'GET /v1/models HTTP/1.1\r\nhost: x\r\nx-a: b\0c\r\n\r\n'],
      ['a folded header', () => 'GET /v1/models HTTP/1.1\r\nhost: x\r\nx-a: b\r\n c: d\r\n\r\n'],
      ['a length that is no number', () => requestOf('content-type: application/json\r\ncontent-length: many\r\n')],
      ['a negative length', () => requestOf('content-type: application/json\r\ncontent-length: -5\r\n')],
      ['two lengths', () => requestOf('content-length: 5\r\ncontent-length: 6\r\n', 'hello!')],
      ['a length and chunks', () => requestOf('content-length: 5\r\ntransfer-encoding: chunked\r\n', '0\r\n\r\n')],
      [
        'a bad chunk size',
        () => requestOf('content-type: application/json\r\ntransfer-encoding: chunked\r\n', `zz\r\n${WORDS}\r\n`),
      ],
    ])('answers 400 to %s', async (_what, bytes) => {
      await expectRawRefusal(bytes(), { status: 400 });
    });

    it('refuses an expectation it cannot meet', async () => {
      await expectRawRefusal(requestOf('expect: the-impossible\r\ncontent-length: 5\r\n'), { status: 417 });
    });

    it.each([
      ['GET', '/v1/nothing-here', 404],
      ['POST', '/v1/nothing-here', 404],
      ['GET', '/nothing-here', 404],
      ['POST', '/', 404],
      ['GET', '/v1/chat/completions', 405],
      ['PUT', '/v1/chat/completions', 405],
      ['DELETE', '/v1/models', 405],
      ['POST', '/v1/chat/completions/', 404],
      ['POST', '/v1/chat/completions/extra', 404],
      ['GET', '/v1/models/%E0%A4%A', 400],
      ['GET', '/v1/%00', 404],
      ['GET', '/v1/../admin/v1/keys', 404],
      ['GET', '//v1/models', 404],
    ])('answers %s %s with %d', async (method, path, status) => {
      const bytes = `${method} ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: 0\r\n\r\n`;
      await expectRawRefusal(bytes, { status });
    });

    it('takes a path however it is spelt', async () => {
      for (const path of [
        '/%76%31/chat/completions',
        `${gateway.url}/v1/chat/completions`,
        '/v1/chat/completions?a=%',
      ]) {
        const bytes = goodRequest().replace('/v1/chat/completions', path);
        const answer = await rawAnswer(gateway.url, bytes);
        expect(`${path} ${answer.status}`).toBe(`${path} 200`);
        expect(JSON.parse(answer.body)).toEqual({ ...ANSWER, model: 'm' });
      }
    });

    it('answers pipelined calls one after the other, each its own', async () => {
      upstream.will(async (call, response) => {
        await sleep(call.text.includes('first') ? 100 : 0);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ ...ANSWER, id: call.body['user'] ?? ANSWER.id }));
      });
      const connection = await RawConnection.open(gateway.url);
      const names = ['first', 'second', 'third'];
      const bodies = names.map((user) => JSON.stringify({ ...QUESTION, user }));
      await connection.send(
        bodies
          .map((text) => requestOf(`content-type: application/json\r\ncontent-length: ${text.length}\r\n`, text))
          .join(''),
      );
      const answers = await connection.answers(3);
      connection.destroy();
      expect(answers.map((answer) => (JSON.parse(answer.body) as any).id)).toEqual(names);
      upstream.willAnswer();
    });

    it('does not spoil a running answer when garbage follows on its connection', async () => {
      upstream.will(async (call, response) => {
        await sleep(call.text.includes('slow') ? 200 : 0);
        response.setHeader('content-type', 'application/json').end(JSON.stringify(ANSWER));
      });
      const text = JSON.stringify({ ...QUESTION, user: 'slow' });
      const connection = await RawConnection.open(gateway.url);
      await connection.send(requestOf(`content-type: application/json\r\ncontent-length: ${text.length}\r\n`, text));
      await sleep(50);
      await connection.send(`${WORDS}\r\n\r\n`);
      await connection.end();
      expect(connection.text).toMatch(/^HTTP\/1.1 200 /);
      expect(await connection.answers(1)).toHaveLength(1);
      upstream.willAnswer();
    });

    it('answers 408 to a body that does not come, and closes', async () => {
      const connection = await RawConnection.open(gateway.url);
      const started = Date.now();
      await connection.send(
        requestOf('content-type: application/json\r\ncontent-length: 1000\r\n', `{"model":"${WORDS}`),
      );
      const [answer] = await connection.answers(1, 8000);
      await connection.end(1000);
      expect(Date.now() - started).toBeGreaterThan(2500);
      expect(Date.now() - started).toBeLessThan(6000);
      expect(answer?.headers['connection']).toBe('close');
      expectEnvelope(
        { status: answer?.status ?? 0, contentType: answer?.headers['content-type'] ?? '', text: answer?.body ?? '' },
        { status: 408, code: 'request_timeout' },
      );
    });

    it('answers 408 to a body and to headers that come byte by byte', async () => {
      for (const head of [
        requestOf('content-type: application/json\r\ncontent-length: 1000\r\n'),
        'GET / HTTP/1.1\r\nx: ',
      ]) {
        const connection = await RawConnection.open(gateway.url);
        await connection.send(head);
        const started = Date.now();
        while (connection.text === '' && Date.now() - started < 8000) {
          await connection.send('a');
          await sleep(50);
        }
        expect((await connection.answers(1))[0]?.status).toBe(408);
        await connection.end(1000);
      }
    });

    it('forgets a caller who leaves in the middle of a body', async () => {
      for (const leave of ['finish', 'destroy'] as const) {
        const connection = await RawConnection.open(gateway.url);
        await connection.send(requestOf('content-type: application/json\r\ncontent-length: 1000\r\n', '{"model":'));
        await sleep(20);
        connection[leave]();
        if (leave === 'finish') await connection.end();
      }
    });
  });

  it('does not repeat the URL it does not know, nor keeps all of it', async () => {
    const response = await fetch(`${gateway.url}/v1/${'a'.repeat(20_000)}?key=${key}`, {
      method: 'POST',
      headers: { 'x-request-id': 'long-path' },
    });
    const text = await response.text();
    expect(response.status).toBe(404);
    expect(text).not.toContain('og-');
    expect(text.length).toBeLessThan(300);
    expect((await gateway.callLine('long-path'))['path']).toHaveLength(1024);
  });

  describe('in size', () => {
    it('answers 413 at once to an announced body of 50 MB or more', async () => {
      for (const length of [50 * MB, 300 * MB, 2 ** 53]) {
        const started = Date.now();
        const bytes = requestOf(`content-type: application/json\r\ncontent-length: ${length}\r\n`, WORDS);
        await expectRawRefusal(bytes, { status: 413, code: 'request_too_large' });
        expect(Date.now() - started).toBeLessThan(3000);
      }
    });

    it('answers 413 to a caller who sends all of it before listening', async () => {
      const body = Buffer.alloc(50 * MB, 0x20);
      await expectRefused(body, { status: 413, code: 'request_too_large' });
    });

    it('answers 413 to 50 MB in chunks, eight at a time, without keeping them', async () => {
      const before = await residentBytes(gateway.pid);
      let most = 0;
      const watch = setInterval(() => void residentBytes(gateway.pid).then((now) => (most = Math.max(most, now))), 20);
      const flood = async (): Promise<void> => {
        const connection = await RawConnection.open(gateway.url);
        await connection.send(requestOf('content-type: application/json\r\ntransfer-encoding: chunked\r\n'));
        const piece = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MB, 0x20), Buffer.from('\r\n')]);
        for (let sent = 0; sent < 50 && connection.text === '' && !connection.closed; sent += 1)
          await connection.send(piece);
        const [answer] = await connection.answers(1);
        expect(answer?.status).toBe(413);
        expect(answer?.headers['connection']).toBe('close');
        await connection.end();
      };
      await Promise.all(Array.from({ length: 8 }, flood));
      clearInterval(watch);
      // Eight bodies up to the cap of 20 MB each, and as much again for copies on their way.
      expect(most - before).toBeLessThan(400 * MB);
    });

    it('takes a body just under the cap', async () => {
      const padding = ' '.repeat(19 * MB);
      const response = await gateway.chat(key, `${goodBody.slice(0, -1)}${padding}}`);
      expect(response.status).toBe(200);
    });
  });

  it('is unharmed after all of it', async () => {
    calling = false;
    await good;
    expect(failedGoodCalls).toEqual([]);
    expect(goodCalls).toBeGreaterThan(50);
    const response = await gateway.chat(key, QUESTION, { headers: { 'x-request-id': 'the-last-one' } });
    expect(response.status).toBe(200);
    await eventually(async () => (await gateway.manage('GET', '/usage?request_id=the-last-one')).data[0]);
    expect((await gateway.manage('GET', '/models?sort=name')).data).toMatchObject([{ name: 'bare' }, { name: 'm' }]);
    gateway.kill('SIGTERM');
    expect(await gateway.exit()).toBe(0);
    expect(gateway.stdout).not.toContain('unforeseen error');
    expect(gateway.stdout + gateway.stderr).not.toContain(WORDS);
    expect(gateway.stdout + gateway.stderr).not.toContain(key);
    const files = readdirSync(gateway.dataDir, { recursive: true }).map(String);
    expect(files.filter((file) => file.includes('reject'))).toEqual([]);
    expect(existsSync(join(gateway.dataDir, 'core'))).toBe(false);
  });
});
