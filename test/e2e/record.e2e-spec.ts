import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { encodeEventStreamMessage, EventStreamSplitter } from '../../libs/streaming/index.js';
import { omnigate } from '../support/command.js';
import { answerJson, DONE, event, ScriptedUpstream, STREAM } from '../support/scripted-upstream.js';

const ROOT = join(import.meta.dirname, '..', '..');
const KEY = ['sk', 'proj', 'aB3dE6gH9jK2mN5pQ8rS1tU4'].join('-');
const ORGANISATION = ['org', 'GKgUkEpTs8iJbqUCqnL6JW5H'].join('-');

/** The built `omnigate record` in a process of its own. */
class Recorder {
  output = '';
  private constructor(
    private readonly child: ChildProcess,
    readonly out: string,
    readonly url: string,
  ) {
    child.stdout?.on('data', (text: Buffer) => (this.output += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (this.output += text.toString()));
  }

  static async start(upstream: string, out: string, args: readonly string[] = []): Promise<Recorder> {
    const child = spawn(
      process.execPath,
      [join(ROOT, 'bin', 'omnigate.mjs'), 'record', '--upstream', upstream, '--out', out, '--port', '0', ...args],
      { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
      said += String(text);
      const url = /Recording (http:\S+)/.exec(said)?.[1];
      if (url !== undefined) return new Recorder(child, out, url);
    }
    throw new Error(`it did not start: ${said}${String(child.stderr.read())}`);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** The recordings on disk once there are so many. */
  async recorded(count: number): Promise<any[]> {
    const deadline = Date.now() + 5000;
    for (;;) {
      const files = globSync(join(this.out, '*', '*.json')).sort();
      if (files.length >= count) return files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
      if (Date.now() > deadline) throw new Error(`${files.length} of ${count} recorded: ${this.output}`);
      await sleep(20);
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const exited = once(this.child, 'exit') as Promise<[number | null]>;
    this.child.kill(signal);
    const killer = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    const [code] = await exited;
    clearTimeout(killer);
    return code;
  }
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  complete: boolean;
}

/** A call over `node:http`, so that nothing is added to it. */
async function call(
  url: string,
  body: Buffer | string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Answer> {
  const sent = request(url, { method: 'POST', headers: { authorization: `Bearer ${KEY}`, ...headers } });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  answer.on('error', () => undefined);
  await new Promise<void>((resolve) => answer.once('close', () => resolve()));
  const { statusCode = 0, headers: received, complete } = answer;
  return { status: statusCode, headers: received, body: Buffer.concat(chunks), complete };
}

/** Everything that lies in the directory, as one text. */
const everything = (out: string): string =>
  globSync(join(out, '**', '*.json'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');

describe('omnigate record', () => {
  let upstream: ScriptedUpstream;
  let recorder: Recorder;
  let out: string;

  beforeEach(async () => {
    out = mkdtempSync(join(tmpdir(), 'omni-record-'));
    upstream = await ScriptedUpstream.start();
    recorder = await Recorder.start(upstream.url, out);
  });

  afterEach(async () => {
    await recorder.stop();
    await upstream.close();
    rmSync(out, { recursive: true, force: true });
  });

  it('passes a whole call byte for byte and keeps it without credentials', async () => {
    const question = `{ "model": "gpt-x",  "seed": 1.0, "messages": [{"role":"user","content":"my key is ${KEY}"}], "api_key":"x y" }`;
    const answer = `{"id": "chatcmpl-1",\n "model":"gpt-x-1", "user":"${ORGANISATION}", "usage":{"total_tokens":12}}`;
    upstream.willAnswer(answer, 200, { 'openai-organization': 'acme', 'set-cookie': 'a=b', 'x-request-id': 'req_1' });
    const got = await call(`${recorder.url}/v1/chat/completions?api-version=1&key=${KEY}`, question);

    expect(got.body.toString()).toBe(answer);
    expect(got.headers).toMatchObject({
      'openai-organization': 'acme',
      'set-cookie': ['a=b'],
      'x-request-id': 'req_1',
    });
    const [received] = upstream.calls;
    expect(received?.text).toBe(question);
    expect(received?.path).toBe(`/v1/chat/completions?api-version=1&key=${KEY}`);
    expect(received?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      host: new URL(upstream.url).host,
      'content-length': String(question.length),
    });

    const [file] = await recorder.recorded(1);
    expect(file).toMatchObject({
      id: expect.stringMatching(/^openai\.chat\/local\.json\.usage\.[0-9a-f]{8}$/),
      source: { evidence: 'recorded', framing: 'raw', recorder: expect.stringMatching(/^omnigate \d/) },
      provider: 'local',
      wire: 'openai.chat',
      stream: false,
      model: 'gpt-x',
      request: {
        method: 'POST',
        host: new URL(upstream.url).host,
        path: '/v1/chat/completions?api-version=1&key=<redacted:key>',
        headers: { authorization: '<redacted:authorization>', 'content-type': 'application/json' },
        body: {
          model: 'gpt-x',
          seed: 1,
          messages: [{ role: 'user', content: 'my key is <redacted:api_key>' }],
          api_key: '<redacted:api_key>',
        },
      },
      response: {
        status: 200,
        headers: { 'openai-organization': '<redacted:openai-organization>', 'x-request-id': 'req_1' },
        body: { id: 'chatcmpl-1', model: 'gpt-x-1', user: '<redacted:organisation>', usage: { total_tokens: 12 } },
      },
      tags: ['usage'],
    });
    expect(file.response.headers).not.toHaveProperty('set-cookie');
    expect(everything(out)).not.toMatch(new RegExp(`${KEY}|${ORGANISATION}|x y`));
    expect(JSON.parse(readFileSync(join(out, 'index.json'), 'utf8'))).toEqual([
      {
        file: `${file.id}.json`,
        wire: 'openai.chat',
        provider: 'local',
        stream: false,
        status: 200,
        model: 'gpt-x',
        has_request: true,
        tags: ['usage'],
        licence: null,
        evidence: 'recorded',
        framing: 'raw',
      },
    ]);
  });

  it('keeps a stream as it came, with the lengths of its reads', async () => {
    upstream.willStream(STREAM, { chunkBytes: 150, delayMs: 10 });
    const got = await call(`${recorder.url}/v1/chat/completions`, '{"model":"m","stream":true}');
    expect(got.body.toString()).toBe(STREAM.join(''));
    const [file] = await recorder.recorded(1);
    expect(file).toMatchObject({ stream: true, tags: ['done_marker', 'usage'], response: { sse: STREAM.join('') } });
    const lengths: number[] = file.response.chunk_lengths;
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(STREAM.join('').length);
    expect(lengths.length).toBeGreaterThan(5);
    expect(lengths.slice(0, 3)).toEqual([150, 150, 150]);
  });

  it('takes a secret out of a stream that brings it in pieces, and moves the cuts', async () => {
    const pieces = ['grüße, the key is sk-pr', 'oj-aB3dE6gH9j', 'K2mN5pQ8rS1tU4', ', bye'];
    const frames = pieces.map((content) => event({ choices: [{ index: 0, delta: { content } }] }));
    upstream.willStream([...frames, DONE], { delayMs: 10 });
    const got = await call(`${recorder.url}/v1/chat/completions`, '{"stream":true}');
    expect(got.body.toString()).toBe([...frames, DONE].join(''));
    const [file] = await recorder.recorded(1);
    const contents = [...(file.response.sse as string).matchAll(/"content":("[^"]*")/g)].map((match) =>
      JSON.parse(match[1] as string),
    );
    expect(contents).toEqual(['grüße, the key is <redacted:api_key>', '', '', ', bye']);
    let at = 0;
    const bytes = Buffer.from(file.response.sse as string);
    const cut = (file.response.chunk_lengths as number[]).map((length) =>
      bytes.subarray(at, (at += length)).toString(),
    );
    expect(at).toBe(bytes.length);
    for (const piece of cut) expect(piece).toMatch(/^data: [\s\S]*\n\n$/);
  });

  it('keeps JSON lines, forms, packed bodies and JSON arrays', async () => {
    const lines = '{"model":"q","message":{"content":"a"},"done":false}\n{"done":true,"eval_count":2}\n';
    upstream.willStream([lines], { contentType: 'application/x-ndjson' });
    await call(`${recorder.url}/api/chat`, '{"model":"q"}');
    const form =
      '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n' +
      '--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\nRIFF\r\n--b--\r\n';
    upstream.will((_call, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync('{"text":"hello"}'));
    });
    const packed = await call(`${recorder.url}/v1/audio/transcriptions`, form, {
      'content-type': 'multipart/form-data; boundary=b',
    });
    expect(packed.body.equals(gzipSync('{"text":"hello"}'))).toBe(true);
    upstream.willAnswer('[{"candidates":[]},\n{"usageMetadata":{"totalTokenCount":3}}]');
    await call(`${recorder.url}/v1beta/models/gemini-x:streamGenerateContent`, '{"contents":[]}');
    upstream.will((_call, response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg' });
      response.end(Buffer.from([0xff, 0xfb, 0x90, 0x00]));
    });
    await call(`${recorder.url}/v1/audio/speech`, '{"input":"hi"}');

    const files = await recorder.recorded(4);
    const of = (wire: string): any => files.find((file) => file.wire === wire);
    expect(of('ollama.chat')).toMatchObject({ stream: true, response: { ndjson: lines } });
    expect(of('openai.audio.transcriptions')).toMatchObject({
      model: 'whisper-1',
      request: {
        body: {
          multipart: [
            { name: 'model', value: 'whisper-1' },
            { name: 'file', filename: 'a.wav', content_type: 'audio/wav', omitted_bytes: 4 },
          ],
        },
      },
      response: { body: { text: 'hello' } },
    });
    expect(of('openai.audio.transcriptions').response.headers).not.toHaveProperty('content-encoding');
    expect(of('gemini.generateContent')).toMatchObject({
      stream: true,
      model: 'gemini-x',
      response: { raw: '[{"candidates":[]},\n{"usageMetadata":{"totalTokenCount":3}}]', body: [{}, {}] },
    });
    expect(of('openai.audio.speech').response).toMatchObject({ text: '<redacted:binary_blob>', omitted_bytes: 4 });
  });

  it('keeps an AWS event stream with checksums that fit, without the secrets in it', async () => {
    const frame = (type: string, payload: object) =>
      encodeEventStreamMessage({ ':message-type': 'event', ':event-type': type }, JSON.stringify(payload));
    const inner = Buffer.from(`{"delta":{"text":"key ${KEY}"}}`).toString('base64');
    const frames = [
      frame('messageStart', { role: 'assistant' }),
      frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: `see ${KEY.slice(0, 12)}` } }),
      frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: `${KEY.slice(12)} there` } }),
      frame('chunk', { bytes: inner, p: 'abc' }),
      frame('metadata', { usage: { totalTokens: 7 } }),
    ];
    upstream.will((_call, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
      response.end(Buffer.concat(frames));
    });
    const got = await call(`${recorder.url}/model/anthropic.claude-x%3A0/converse-stream`, '{"messages":[]}');
    expect(got.body.equals(Buffer.concat(frames))).toBe(true);

    const [file] = await recorder.recorded(1);
    expect(file).toMatchObject({ wire: 'bedrock.converse', stream: true, model: 'anthropic.claude-x:0' });
    const bytes = Buffer.from(file.response.base64 as string, 'base64');
    const splitter = new EventStreamSplitter(1 << 20);
    const messages = splitter.push(bytes).map(({ headers, payload }) => ({
      headers: Object.fromEntries(headers),
      payload: JSON.parse(payload.toString()),
    }));
    splitter.end();
    expect(splitter.failureKind).toBeNull();
    expect(messages).toEqual(file.response.decoded_events);
    expect(messages.map(({ payload }) => payload.delta?.text ?? null)).toEqual([
      null,
      'see <redacted:api_key>',
      ' there',
      null,
      null,
    ]);
    expect(Buffer.from(messages[3]?.payload.bytes, 'base64').toString()).toBe(
      '{"delta":{"text":"key <redacted:api_key>"}}',
    );
    expect(messages[4]?.payload).toEqual({ usage: { totalTokens: 7 } });
    expect((file.response.chunk_lengths as number[]).reduce((sum, length) => sum + length, 0)).toBe(bytes.length);
  });

  it('keeps refusals, and an answer that breaks off as far as it came', async () => {
    upstream.willAnswer({ error: { message: `Incorrect API key provided: ${KEY}` } }, 401);
    expect((await call(`${recorder.url}/v1/messages`, '{"model":"claude-x"}')).status).toBe(401);
    upstream.willStream(STREAM, { cutAfter: 3, delayMs: 5 });
    const broken = await call(`${recorder.url}/v1/chat/completions`, '{"stream":true}');
    expect(broken.complete).toBe(false);
    expect(broken.body.toString()).toBe(STREAM.slice(0, 3).join(''));
    const files = await recorder.recorded(2);
    expect(files.find(({ wire }) => wire === 'anthropic.messages')).toMatchObject({
      id: expect.stringContaining('.error_401.'),
      tags: ['error', 'error_401'],
      response: { status: 401, body: { error: { message: 'Incorrect API key provided: <redacted:api_key>' } } },
    });
    expect(files.find(({ wire }) => wire === 'openai.chat')).toMatchObject({
      tags: ['cut'],
      source: { notes: 'cut: the upstream broke off' },
      response: { sse: STREAM.slice(0, 3).join('') },
    });
  });

  it('tells the caller of an upstream that is not there, and keeps nothing', async () => {
    await upstream.close();
    const got = await call(`${recorder.url}/v1/chat/completions`, '{}');
    expect(got.status).toBe(502);
    expect(await recorder.stop()).toBe(0);
    expect(recorder.output).toContain('not recorded: no answer');
    expect(existsSync(join(out, 'index.json'))).toBe(false);
  });

  it('leaves an upstream in peace that a caller has left', async () => {
    upstream.willStream(STREAM, { stallAfter: 2 });
    const sent = request(`${recorder.url}/v1/chat/completions`, { method: 'POST' });
    sent.on('error', () => undefined);
    sent.end('{"stream":true}');
    const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
    answer.on('error', () => undefined);
    await once(answer, 'data');
    sent.destroy();
    await upstream.calls[0]?.abandoned;
    expect(await recorder.recorded(1)).toMatchObject([{ tags: ['cut'], source: { notes: 'cut: the caller left' } }]);
  });

  it('ends at an interrupt with a stream under way, which is kept as far as it came', async () => {
    upstream.willStream(STREAM, { stallAfter: 2 });
    const going = call(`${recorder.url}/v1/chat/completions`, '{"stream":true}');
    await upstream.received(1);
    await sleep(100);
    const start = Date.now();
    expect(await recorder.stop('SIGINT')).toBe(0);
    expect(Date.now() - start).toBeLessThan(10_000);
    expect((await going).complete).toBe(false);
    expect(await recorder.recorded(1)).toMatchObject([{ response: { sse: STREAM.slice(0, 2).join('') } }]);
    expect(recorder.output).toContain('1 recorded');
  });
});

describe('omnigate record, bounded', () => {
  let upstream: ScriptedUpstream;
  let out: string;

  beforeEach(async () => {
    out = mkdtempSync(join(tmpdir(), 'omni-record-'));
    upstream = await ScriptedUpstream.start();
  });

  afterEach(async () => {
    await upstream.close();
    rmSync(out, { recursive: true, force: true });
  });

  it('passes what is too large, and what is beyond the limit, without keeping it', async () => {
    const recorder = await Recorder.start(upstream.url, out, ['--max-body-bytes', '1000', '--limit', '1']);
    const large = JSON.stringify({ text: 'x'.repeat(2000) });
    try {
      upstream.will(({ text }, response) => answerJson(response, 200, text));
      expect((await call(`${recorder.url}/v1/responses`, large)).body.toString()).toBe(large);
      await call(`${recorder.url}/v1/responses`, '{"n":1}');
      await recorder.recorded(1);
      expect((await call(`${recorder.url}/v1/responses`, '{"n":2}')).body.toString()).toBe('{"n":2}');
    } finally {
      await recorder.stop();
    }
    expect(globSync(join(out, '*', '*.json'))).toHaveLength(1);
    expect(recorder.output).toMatch(/larger than is recorded[\s\S]*the limit of 1 is reached/);
  });

  it('adds to an index that is there, and takes the names it is given', async () => {
    for (const n of [1, 2]) {
      const recorder = await Recorder.start(`${upstream.url}/base/`, out, [
        '--provider',
        'acme',
        '--wire',
        'acme.chat',
      ]);
      try {
        await call(`${recorder.url}/chat`, JSON.stringify({ n }));
        await recorder.recorded(n);
      } finally {
        await recorder.stop('SIGTERM');
      }
    }
    expect(upstream.calls.map(({ path }) => path)).toEqual(['/base/chat', '/base/chat']);
    const index = JSON.parse(readFileSync(join(out, 'index.json'), 'utf8')) as { wire: string; provider: string }[];
    expect(index.map(({ wire, provider }) => `${wire} ${provider}`)).toEqual(['acme.chat acme', 'acme.chat acme']);
    expect(globSync(join(out, '**', '*.part'))).toEqual([]);
  });

  it.each([
    [['--upstream', 'ftp://a', '--out', 'x'], '--upstream must begin with http'],
    [['--upstream', 'http://169.254.169.254', '--out', 'x'], '--upstream is refused'],
    [['--out', 'x'], "required option '--upstream <url>'"],
    [['--upstream', 'http://a', '--out', 'x', '--port', '70000'], 'whole number from 0 to 65535'],
    [['--upstream', 'http://a', '--out', 'x', '--wire', '../x'], 'letters, digits'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await omnigate(['record', ...args]);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });

  it('refuses a directory whose index is none', async () => {
    writeFileSync(join(out, 'index.json'), '{"a":1}');
    const { code, stderr } = await omnigate(['record', '--upstream', upstream.url, '--out', out, '--port', '0']);
    expect(stderr).toContain('is not an index of recordings');
    expect(code).toBe(1);
  });
});
