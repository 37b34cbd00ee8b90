/**
 * The scripted upstream: an OpenAI-compatible server written straight on `node:net` with answers made beforehand, so that the
 * peer under load is the bottleneck and not this process.
 *
 *   node bench/load/upstream.mjs --port=0 --spacing=3
 *
 * `spacing` is the time between two chunks of a stream in ms; 0 writes the whole stream at once, chunk by chunk.
 * Prints `{"port": …}` when it listens. Ends when its stdin closes.
 */
import net from 'node:net';
import { parseArgs } from 'node:util';
import { chunkEvent, DONE_EVENT, MODELS, STREAM_CHUNKS, usageEvent, wholeAnswer } from './answers.mjs';

const { values: options } = parseArgs({
  options: { port: { type: 'string', default: '0' }, spacing: { type: 'string', default: '3' } },
});
const SPACING_MS = Number(options.spacing);
const HEARTBEAT_MS = 2000;
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

const reply = (status, type, body) =>
  Buffer.from(
    `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: keep-alive\r\n\r\n${body}`,
  );
const httpChunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n';

const WHOLE = reply('200 OK', 'application/json', wholeAnswer(MODELS.whole.upstream));
const HEALTHY = reply('200 OK', 'application/json', '{"status":"ok"}');
const MODEL_LIST = reply('200 OK', 'application/json', '{"object":"list","data":[]}');
const NOT_FOUND = reply('404 Not Found', 'application/json', '{"error":{"message":"no such path"}}');
const BAD_REQUEST = reply('400 Bad Request', 'application/json', '{"error":{"message":"not a chat request"}}');

/** One buffer for each write of a stream; the last carries the end of the stream. */
function streamScript(model, chunks, withUsage) {
  return Array.from({ length: chunks }, (_none, index) => {
    const last = index === chunks - 1;
    let text = httpChunk(chunkEvent(model, index, last));
    if (index === 0) text = STREAM_HEAD + text;
    if (last) text += `${withUsage ? httpChunk(usageEvent(model)) : ''}${httpChunk(DONE_EVENT)}0\r\n\r\n`;
    return Buffer.from(text);
  });
}
const STREAM = streamScript(MODELS.stream.upstream, STREAM_CHUNKS, false);
const STREAM_USAGE = streamScript(MODELS.stream.upstream, STREAM_CHUNKS, true);
const IDLE = streamScript(MODELS.idle.upstream, 2, false);
const IDLE_USAGE = streamScript(MODELS.idle.upstream, 2, true);
const HEARTBEAT = Buffer.from(httpChunk(': still thinking\n\n'));

/** Streams under way, each with the index of its next chunk and when that is due. One timer serves them all. */
const running = new Set();
const idle = new Map();
const seen = { calls: 0, streams: 0, faults: 0, abandoned: 0, lastFault: null };

function startStream(socket, script) {
  seen.streams += 1;
  if (SPACING_MS === 0) {
    for (const chunk of script) socket.write(chunk);
    return;
  }
  socket.write(script[0]);
  running.add({ socket, script, next: 1, dueMs: performance.now() + SPACING_MS });
}

function tick() {
  const nowMs = performance.now();
  for (const stream of running) {
    if (stream.dueMs > nowMs) continue;
    if (stream.socket.destroyed) {
      running.delete(stream);
      seen.abandoned += 1;
      continue;
    }
    stream.socket.write(stream.script[stream.next++]);
    // From the due time, not from now: a late tick must not stretch the stream. Never two chunks in one tick.
    stream.dueMs = Math.max(stream.dueMs + SPACING_MS, nowMs + 0.5);
    if (stream.next === stream.script.length) running.delete(stream);
  }
}
if (SPACING_MS > 0) setInterval(tick, 1);
setInterval(() => {
  for (const socket of idle.keys()) socket.write(HEARTBEAT);
}, HEARTBEAT_MS);

function releaseIdle() {
  const count = idle.size;
  for (const [socket, script] of idle) socket.write(script[1]);
  idle.clear();
  return count;
}

const STREAM_TRUE = Buffer.from('"stream":true');
const INCLUDE_USAGE = Buffer.from('"include_usage":true');
const IDLE_MODEL = Buffer.from('-idle"');
const WHOLE_MODEL = Buffer.from('-whole"');

function answerChat(socket, body) {
  seen.calls += 1;
  if (body.indexOf(STREAM_TRUE) === -1) {
    if (body.indexOf(WHOLE_MODEL) === -1) return refuse(socket, body);
    if ((seen.calls & 1023) === 1) inspect(body);
    socket.write(WHOLE);
    return;
  }
  const withUsage = body.indexOf(INCLUDE_USAGE) !== -1;
  if (body.indexOf(IDLE_MODEL) === -1) return startStream(socket, withUsage ? STREAM_USAGE : STREAM);
  const script = withUsage ? IDLE_USAGE : IDLE;
  idle.set(socket, script);
  socket.write(script[0]);
}

function refuse(socket, body) {
  note(`not a chat request: ${body.toString('latin1', 0, 200)}`);
  socket.write(BAD_REQUEST);
}

/** Reads a sample of the requests as a real server would. */
function inspect(body) {
  try {
    if (JSON.parse(body.toString()).messages?.length !== 2) note('messages were changed');
  } catch {
    note(`not JSON: ${body.toString('latin1', 0, 200)}`);
  }
}

function note(fault) {
  seen.faults += 1;
  seen.lastFault ??= fault;
}

function answer(socket, line, body) {
  if (line.startsWith('POST ') && line.includes('/chat/completions')) return answerChat(socket, body);
  const path = line.split(' ')[1] ?? '';
  if (path.startsWith('/control/stats')) socket.write(reply('200 OK', 'application/json', JSON.stringify(seen)));
  else if (path.startsWith('/control/release')) socket.write(reply('200 OK', 'application/json', `${releaseIdle()}`));
  else if (path.endsWith('/models')) socket.write(MODEL_LIST);
  else if (path === '/' || path.startsWith('/health')) socket.write(HEALTHY);
  else socket.write(NOT_FOUND);
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');
const EMPTY = Buffer.alloc(0);

/** Finds the end of the request in `data`, or -1 when more bytes are needed. Requests are small and come one at a time. */
function measure(data) {
  const headEnd = data.indexOf(HEAD_END);
  if (headEnd === -1) return null;
  const head = data.latin1Slice(0, headEnd + 2);
  const bodyAt = headEnd + 4;
  const at = head.search(/\r\ncontent-length:/i);
  if (at !== -1) return { head, bodyAt, end: bodyAt + Number.parseInt(head.slice(at + 17), 10) };
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return { head, bodyAt, end: bodyAt };
  const last = data.indexOf(LAST_CHUNK, headEnd);
  return { head, bodyAt, end: last === -1 ? Number.MAX_SAFE_INTEGER : last + LAST_CHUNK.length };
}

const server = net.createServer({ noDelay: true }, (socket) => {
  let pending = null;
  let parts = [];
  let received = 0;

  const read = (data) => {
    const request = measure(data);
    if (request === null) return wait(data, null);
    if (request.end > data.length) return wait(data, request);
    const line = request.head.slice(0, request.head.indexOf('\r\n'));
    answer(socket, line, request.end === request.bodyAt ? EMPTY : data.subarray(request.bodyAt, request.end));
    if (data.length > request.end) read(data.subarray(request.end));
  };
  const wait = (data, request) => {
    parts = [data];
    received = data.length;
    pending = request ?? { end: 0 };
  };
  socket.on('data', (data) => {
    if (pending === null) return read(data);
    parts.push(data);
    received += data.length;
    if (received > MAX_REQUEST_BYTES) return socket.destroy();
    const unknownEnd = pending.end === 0 || pending.end === Number.MAX_SAFE_INTEGER;
    if (!unknownEnd && received < pending.end) return;
    pending = null;
    read(Buffer.concat(parts, received));
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => idle.delete(socket));
});

server.listen({ port: Number(options.port), host: '127.0.0.1', backlog: 4096 }, () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
process.on('SIGTERM', () => process.exit(0));
