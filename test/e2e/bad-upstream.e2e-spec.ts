import type { ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { RawConnection, residentBytes } from '../support/raw-http.js';
import {
  ANSWER,
  answerJson,
  chunk,
  DONE,
  event,
  ScriptedUpstream,
  STREAM,
  type Script,
} from '../support/scripted-upstream.js';

const MB = 1024 * 1024;
const MAX_FRAME = 2 * MB;
const MAX_ANSWER = 8 * MB;
const STALL_MS = 1000;

/** Writes bytes of one's own on the upstream's connection. */
const raw = (response: ServerResponse, text: string, end = true): void => {
  if (end) response.socket?.end(text);
  else response.socket?.write(text);
};
const json = JSON.stringify(ANSWER);
const lengthOf = (text: string): number => Buffer.byteLength(text);

describe('bad upstreams', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;
  let elsewhere: ScriptedUpstream;
  let key: string;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    elsewhere = (await ScriptedUpstream.start()).willAnswer();
    gateway = await GatewayProcess.start({
      env: {
        OMNI_HEALTH_CHECKS: 'false',
        OMNI_PASSIVE_THRESHOLD: '1000',
        OMNI_IDLE_TIMEOUT_MS: '1500',
        OMNI_FIRST_BYTE_TIMEOUT_MS: '1500',
        OMNI_TOTAL_TIMEOUT_MS: '4000',
        OMNI_STALL_TIMEOUT_MS: String(STALL_MS),
        OMNI_MAX_FRAME_BYTES: String(MAX_FRAME),
        OMNI_MAX_ANSWER_BYTES: String(MAX_ANSWER),
      },
    });
    await gateway.model('m', [upstream.url]);
    key = (await gateway.key()).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
    await elsewhere?.close();
  });
  afterEach(() => expect(gateway.stdout).not.toContain('unforeseen error'));

  const whole = async (): Promise<{ status: number; body: any; headers: Headers; text: string }> => {
    const response = await gateway.chat(key, QUESTION);
    const text = await response.text();
    return { status: response.status, body: JSON.parse(text), headers: response.headers, text };
  };
  const streamed = async (): Promise<{ status: number; text: string; headers: Headers }> => {
    const response = await gateway.chat(key, { ...QUESTION, stream: true });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };

  const withLength =
    (length: number, body: string, head = ''): Script =>
    (_call, response) =>
      raw(
        response,
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${head}content-length: ${length}\r\n\r\n${body}`,
      );

  const useless: [string, Script][] = [
    ['garbage', (_call, response) => void response.end('<html>It works!</html>')],
    ['nothing', (_call, response) => void response.end()],
    ['a 204', (_call, response) => void response.writeHead(204).end()],
    ['a list', (_call, response) => answerJson(response, 200, [ANSWER])],
    ['an object that is no answer', (_call, response) => answerJson(response, 200, { ok: true })],
    ['an answer without choices', (_call, response) => answerJson(response, 200, { ...ANSWER, choices: null })],
    ['half an answer', (_call, response) => void response.end(json.slice(0, 80))],
    [
      'bytes that are not UTF-8',
      (_call, response) => void response.end(Buffer.from(json.replace('Hello', '\xff'), 'latin1')),
    ],
    ['an error inside a 200', (_call, response) => answerJson(response, 200, { error: { message: 'overloaded' } })],
    ['an error as text inside a 200', (_call, response) => answerJson(response, 200, { error: 'overloaded' })],
    [
      'a flat error inside a 200',
      (_call, response) => answerJson(response, 200, { object: 'error', message: 'overloaded' }),
    ],
    ['less than it announced', withLength(lengthOf(json) + 50, json)],
    ['more than it announced', withLength(40, json)],
    ['a length that is no number', withLength(Number.NaN, json)],
    ['two lengths', withLength(5, json, 'content-length: 6\r\n')],
    ['a header of 100 KB', withLength(lengthOf(json), json, `x-long: ${'a'.repeat(100_000)}\r\n`)],
    ['a header with a NUL', withLength(lengthOf(json), json, 'x-bad: a\0b\r\n')],
    [
      'a broken chunk',
      (_call, response) => raw(response, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n'),
    ],
    [
      'a switch of protocols',
      (_call, response) =>
        raw(response, 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    ],
    ['another protocol', (_call, response) => raw(response, 'SSH-2.0-OpenSSH_9.9\r\n')],
    [
      'a compressed answer',
      (_call, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(json)),
    ],
    [
      'events although none were asked for',
      (_call, response) => void response.setHeader('content-type', 'text/event-stream').end(STREAM.join('')),
    ],
    ['only interim answers', (_call, response) => raw(response, 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(3))],
  ];

  it.each(useless)('tells the caller 502 when it answers %s', async (_what, script) => {
    upstream.will(script);
    const { status, body, headers, text } = await whole();
    expect(`${status} ${text}`).toMatch(/^502 /);
    expect(body.error).toMatchObject({ type: 'api_error', code: 'upstream_error' });
    expect(headers.get('content-type')).toContain('application/json');
    expect(text).not.toContain('It works');
  });

  it.each([
    ['nothing', (_call, response) => void response.end()],
    ['a 204', (_call, response) => void response.writeHead(204).end()],
    [
      'a web page',
      (_call, response) => void response.setHeader('content-type', 'text/html').end('<html>It works!</html>'),
    ],
    ['only comments', (_call, response) => void response.end(': hello\n\n'.repeat(10))],
    ['only [DONE]', (_call, response) => void response.end(DONE)],
    ['half an event', (_call, response) => void response.end('data: {"choices":[{"del')],
    ['an event that is no JSON', (_call, response) => void response.end('data: hello\n\n')],
    ['an event that is a list', (_call, response) => void response.end('data: [1]\n\n')],
    [
      'an error as its first event',
      (_call, response) => void response.end(event({ error: { message: 'overloaded' } })),
    ],
    [
      'an event of type error',
      (_call, response) => void response.end('event: error\ndata: {"message":"overloaded"}\n\n'),
    ],
    [
      'a whole error with status 200',
      (_call, response) => answerJson(response, 200, { error: { message: 'overloaded' } }),
    ],
    [
      'a compressed stream',
      (_call, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(STREAM.join(''))),
    ],
    [
      'one event above the cap',
      (_call, response) => void response.end(chunk({ content: 'x'.repeat(MAX_FRAME) }) + DONE),
    ],
  ] as [string, Script][])('tells the caller 502 when its stream is %s', async (_what, script) => {
    upstream.will(script);
    const { status, text, headers } = await streamed();
    expect(`${status} ${text}`).toMatch(/^502 /);
    expect(JSON.parse(text).error).toMatchObject({ type: 'api_error', code: 'upstream_error' });
    expect(headers.get('content-type')).toContain('application/json');
  });

  it.each([
    ['stops in the middle of an event', 'data: {"choices":[{"del'],
    ['sends what is no JSON', 'data: hello\n\n'],
    ['reports an error', event({ error: { message: 'overloaded', type: 'server_error' } })],
    ['sends an event above the cap', chunk({ content: 'x'.repeat(MAX_FRAME) })],
    ['sends a line above the cap that does not end', `data: ${'x'.repeat(MAX_FRAME + 1)}`],
    ['sends a comment above the cap', `:${'x'.repeat(MAX_FRAME + 1)}\n\n`],
  ])('ends a begun stream with an error event when the upstream %s', async (_what, rest) => {
    upstream.willStream([...STREAM.slice(0, 3), rest]);
    const { status, text } = await streamed();
    expect(status).toBe(200);
    expect(text).not.toContain('[DONE]');
    const last = text.trimEnd().split('\n\n').at(-1) ?? '';
    expect(JSON.parse(last.slice('data: '.length)).error).toMatchObject({ type: 'api_error', code: 'upstream_error' });
    expect(text.endsWith('\n\n')).toBe(true);
  });

  it.each([301, 302, 303, 307, 308])('never follows a %d', async (status) => {
    upstream.willAnswer('', status, { location: `${elsewhere.url}/v1/chat/completions` });
    expect((await whole()).status).toBe(502);
    expect((await streamed()).status).toBe(502);
    expect(elsewhere.calls).toHaveLength(0);
  });

  it('takes an answer without a content type', async () => {
    upstream.will((_call, response) => void response.end(json));
    expect((await whole()).body).toEqual({ ...ANSWER, model: 'm' });
    upstream.will((_call, response) => void response.end(STREAM.join('')));
    expect((await streamed()).text).toContain('[DONE]');
  });

  it('passes over interim answers', async () => {
    const interim = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n';
    upstream.will((_call, response) =>
      raw(
        response,
        `${interim}HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${lengthOf(json)}\r\n\r\n${json}`,
      ),
    );
    expect((await whole()).body).toEqual({ ...ANSWER, model: 'm' });
  });

  it('does not take interim answers for the beginning of one', async () => {
    upstream.will((_call, response) => {
      const timer = setInterval(() => response.socket?.write('HTTP/1.1 102 Processing\r\n\r\n'), 50);
      response.once('close', () => clearInterval(timer));
    });
    const started = Date.now();
    const { status, body } = await whole();
    expect([status, body.error.code, body.error.message]).toEqual([
      504,
      'upstream_timeout',
      'The upstream did not begin to answer in time.',
    ]);
    expect(Date.now() - started).toBeLessThan(3000);
  });

  it('does not show a refusal that nobody can read', async () => {
    upstream.will((_call, response) => {
      response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync('{"error":{"message":"unread"}}'));
    });
    const { status, body } = await whole();
    expect([status, body.error.message]).toEqual([400, 'HTTP 400']);
  });

  it.each(['Identity', ''])('takes an answer in the coding "%s" for what it is', async (encoding) => {
    upstream.willAnswer(ANSWER, 200, { 'content-encoding': encoding });
    expect((await whole()).body).toEqual({ ...ANSWER, model: 'm' });
  });

  it('hides the headers of the upstream', async () => {
    upstream.willAnswer(ANSWER, 200, {
      'set-cookie': 'a=b',
      'x-request-id': 'of-the-vendor',
      'x-evil': '1',
      'access-control-allow-origin': '*',
      'x-ratelimit-limit-requests': '5',
      server: 'vendor',
    });
    const { headers } = await whole();
    for (const name of [
      'set-cookie',
      'x-evil',
      'access-control-allow-origin',
      'x-ratelimit-limit-requests',
      'server',
    ]) {
      expect(headers.get(name)).toBeNull();
    }
    expect(headers.get('x-request-id')).not.toBe('of-the-vendor');
  });

  it.each(['m', 'upstream-model', 'a-name-much-longer-than-the-one-of-the-upstream', 'имя "модели"'])(
    'announces the true length of an answer that names the model %s',
    async (name) => {
      if (name !== 'm') await gateway.model(name, [upstream.url]);
      for (const chunked of [false, true]) {
        upstream.will((_call, response) => {
          if (!chunked) response.setHeader('content-length', lengthOf(json));
          response.setHeader('content-type', 'application/json').end(json);
        });
        const response = await gateway.chat(key, { ...QUESTION, model: name });
        const bytes = Buffer.from(await response.arrayBuffer());
        expect(response.headers.get('content-length')).toBe(String(bytes.length));
        expect(JSON.parse(bytes.toString())).toEqual({ ...ANSWER, model: name });
      }
    },
  );

  it('relays an event of nearly the cap, whole and unchanged', async () => {
    const long = 'y'.repeat(MAX_FRAME - 1000);
    upstream.willStream([chunk({ content: long }), chunk({}, {}, 'stop'), DONE], { chunkBytes: 60_000 });
    const { text } = await streamed();
    expect(JSON.parse((text.split('\n\n')[0] ?? '').slice(6)).choices[0].delta.content).toBe(long);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it.each([
    ['says [DONE] twice', [...STREAM, DONE]],
    ['goes on after [DONE]', [...STREAM, chunk({ content: 'more' })]],
    ['reports an error after [DONE]', [...STREAM, event({ error: { message: 'late' } })]],
    ['sends garbage after [DONE]', [...STREAM, 'garbage without end']],
  ])('ends the stream once when the upstream %s', async (_what, events) => {
    for (const delayMs of [0, 5]) {
      upstream.willStream(events, { delayMs });
      const { text, headers } = await streamed();
      expect(text.match(/\[DONE\]/g)).toHaveLength(1);
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
      expect(await gateway.callLine(headers.get('x-request-id') ?? '')).toMatchObject({
        error_kind: null,
        total_tokens: 15,
      });
    }
  });

  it('does not wait for an upstream that says [DONE] and then nothing', async () => {
    upstream.willStream([...STREAM, ': never read\n\n'], { stallAfter: STREAM.length });
    const started = Date.now();
    const { text, headers } = await streamed();
    expect(Date.now() - started).toBeLessThan(1400);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(await gateway.callLine(headers.get('x-request-id') ?? '')).toMatchObject({ status: 200, error_kind: null });
  });

  it('gives up on an answer above the cap at once, without keeping it', async () => {
    let sent = 0;
    upstream.will(async (call, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"choices":[],"x":"');
      let gone = false;
      void call.abandoned.then(() => (gone = true));
      for (sent = 0; sent < 100 && !gone; sent += 1) {
        if (!response.write(Buffer.alloc(MB, 0x61)))
          await Promise.race([new Promise((r) => response.once('drain', r)), call.abandoned]);
      }
      response.end();
    });
    const { status, body } = await whole();
    expect(status).toBe(502);
    expect(body.error.message).toContain(String(MAX_ANSWER));
    expect(sent).toBeLessThan(30);
  });

  it('does not read an error page to its end', async () => {
    upstream.will(async (call, response) => {
      response.writeHead(500, { 'content-type': 'text/plain' });
      let gone = false;
      void call.abandoned.then(() => (gone = true));
      while (!gone) {
        response.write('words '.repeat(1000));
        await sleep(5);
      }
    });
    const started = Date.now();
    expect((await whole()).status).toBe(502);
    expect(Date.now() - started).toBeLessThan(3000);
  });

  it('bounds an answer that comes byte by byte without end', async () => {
    upstream.will(async (call, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      let gone = false;
      void call.abandoned.then(() => (gone = true));
      while (!gone) {
        response.write(' ');
        await sleep(50);
      }
    });
    const started = Date.now();
    const { status, body } = await whole();
    expect(status).toBe(504);
    expect(body.error.code).toBe('upstream_timeout');
    expect(Date.now() - started).toBeLessThan(6000);
  });

  describe('that close connections', () => {
    let server: Server;
    let connections = 0;
    let behave: (socket: Socket, nth: number) => void = () => undefined;
    let onRead: () => void = () => undefined;
    let closingUrl = '';

    beforeAll(async () => {
      server = createServer((socket) => {
        connections += 1;
        let served = 0;
        let text = '';
        socket
          .on('error', () => undefined)
          .setEncoding('latin1')
          .on('data', (part: string) => {
            text += part;
            const head = /^[\s\S]*?content-length: (\d+)[\s\S]*?\r\n\r\n/i.exec(text);
            if (head === null || text.length < head[0].length + Number(head[1])) return;
            text = '';
            served += 1;
            behave(socket, served);
          });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closingUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await gateway.model('closing', [closingUrl]);
    });
    afterAll(() => void server.close());
    afterEach(() => {
      onRead = () => undefined;
    });

    const good = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${lengthOf(json)}\r\n\r\n${json}`;
    const calls = async (count: number, gapMs: number, model = 'closing'): Promise<number[]> => {
      const statuses: number[] = [];
      for (let index = 0; index < count; index += 1) {
        const response = await gateway.chat(key, { ...QUESTION, model });
        await response.text();
        onRead();
        statuses.push(response.status);
        await sleep(gapMs);
      }
      return statuses;
    };

    /** How many answers a connection has had: one that is at work again is not reset. */
    const latest = new WeakMap<Socket, number>();

    it.each([
      ['right after each answer', (socket: Socket) => void socket.end(good)],
      [
        'a moment after each answer',
        (socket: Socket) => void socket.write(good, () => setTimeout(() => socket.end(), 15)),
      ],
      [
        'with a reset after each answer',
        (socket: Socket, nth: number) => {
          latest.set(socket, nth);
          socket.write(good);
          // A reset takes with it what the other side has not read yet, so it waits for the caller to have the answer.
          onRead = () => setTimeout(() => latest.get(socket) === nth && socket.resetAndDestroy(), 5);
        },
      ],
    ])('answers every call of an upstream that closes %s', async (_what, closing) => {
      behave = closing;
      for (const gapMs of [0, 10, 15, 30]) expect(new Set(await calls(8, gapMs))).toEqual(new Set([200]));
    });

    it('tries a used connection that was closed under its feet once more on a new one', async () => {
      behave = (socket, nth) => (nth === 1 ? void socket.write(good) : void socket.destroy());
      const before = connections;
      expect(await calls(4, 5)).toEqual([200, 200, 200, 200]);
      expect(connections - before).toBeGreaterThanOrEqual(2);
    });

    it('comes back to a backend whose used connection was closed when the other one is dead', async () => {
      behave = (socket, nth) => (nth === 1 ? void socket.write(good) : void socket.destroy());
      const dead = await ScriptedUpstream.start();
      await dead.close();
      await gateway.model('half-dead', [closingUrl, dead.url]);
      expect(await calls(3, 5, 'half-dead')).toEqual([200, 200, 200]);
    });

    it('does not go on trying an upstream that always closes', async () => {
      behave = (socket) => void socket.destroy();
      const before = connections;
      expect(await calls(1, 0)).toEqual([502]);
      expect(connections - before).toBeLessThanOrEqual(2);
    });
  });

  describe('faster than the caller', () => {
    const big = chunk({ content: 'z'.repeat(64_000) });
    const request = (stream: boolean): string => {
      const body = JSON.stringify({ ...QUESTION, stream });
      return (
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n` +
        `x-request-id: slow-${stream}-${Math.random()}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
      );
    };

    it('holds a stream back while the caller does not read, and loses nothing', async () => {
      const total = 640;
      let sent = 0;
      upstream.will(async (_call, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (sent = 0; sent < total; sent += 1) {
          if (!response.write(big)) await new Promise((resolve) => response.once('drain', resolve));
        }
        response.end(chunk({}, {}, 'stop') + DONE);
      });
      const before = await residentBytes(gateway.pid);
      const connection = await RawConnection.open(gateway.url);
      connection.pause();
      await connection.send(request(true));
      await sleep(STALL_MS * 0.7);
      expect(sent).toBeGreaterThan(0);
      // Only what fits into the sockets' buffers on the way has left the upstream.
      expect(sent).toBeLessThan(total / 2);
      expect((await residentBytes(gateway.pid)) - before).toBeLessThan(60 * MB);
      connection.resume();
      await eventually(() => connection.text.includes('[DONE]'), 15_000);
      expect(connection.text.match(/z{64000}/g)).toHaveLength(total);
      connection.destroy();
    });

    it.each([true, false])(
      'cuts a caller who takes nothing more (stream: %s) and abandons the upstream',
      async (stream) => {
        const huge = { ...ANSWER, x: 'z'.repeat(MAX_ANSWER - 10_000) };
        upstream.will(async (call, response) => {
          if (!stream) return answerJson(response, 200, huge);
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          let gone = false;
          void call.abandoned.then(() => (gone = true));
          while (!gone)
            if (!response.write(big))
              await Promise.race([new Promise((r) => response.once('drain', r)), call.abandoned]);
        });
        const id = `stalls-${stream}`;
        const connection = await RawConnection.open(gateway.url);
        connection.pause();
        const started = Date.now();
        await connection.send(request(stream).replace(/x-request-id: \S+/, `x-request-id: ${id}`));
        await gateway.callLine(id, STALL_MS * 4);
        expect(Date.now() - started).toBeGreaterThan(STALL_MS * 0.9);
        if (stream) await upstream.calls.at(-1)?.abandoned;
        connection.destroy();
      },
    );

    it.each([true, false])('leaves a caller alone who is slow but reads (stream: %s)', async (stream) => {
      const huge = { ...ANSWER, x: 'z'.repeat(MAX_ANSWER - 10_000) };
      if (stream) upstream.willStream([...Array.from({ length: 120 }, () => big), chunk({}, {}, 'stop'), DONE]);
      else upstream.willAnswer(huge);
      const connection = await RawConnection.open(gateway.url);
      await connection.send(request(stream));
      const started = Date.now();
      // Reads for a moment, then rests for less than the bound, for longer than the bound in all.
      while (!connection.closed && !/\[DONE\]|"}$/.test(connection.text.slice(-20)) && Date.now() - started < 12_000) {
        connection.pause();
        await sleep(STALL_MS * 0.3);
        connection.resume();
        await sleep(1);
      }
      expect(connection.text.slice(-20)).toMatch(/\[DONE\]|"}$/);
      connection.destroy();
    });
  });
});
