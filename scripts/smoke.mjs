/**
 * Is the built gateway alive? Starts dist/ as users do, on a directory of its own, with a scripted upstream beside it, and
 * goes through what the first minutes with it look like. Prints what it did; exit code 0 when all went well. Needs no server,
 * no provider and no development dependency; takes 60 seconds at most.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BOUND_MS = 60_000;
const ADMIN_KEY = 'smoke-admin-key';
const COMMAND = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'omnigate.mjs');
const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

const began = performance.now();
const say = (text) => process.stdout.write(`${text}\n`);

async function startUpstream() {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    if (request.method !== 'POST') response.end('ok');
    else if (JSON.parse(text).stream) stream(response);
    else whole(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function whole(response) {
  const message = { role: 'assistant', content: 'All is well' };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'up', choices, usage: USAGE }));
}

function stream(response) {
  response.setHeader('content-type', 'text/event-stream');
  const send = (choices, more = {}) => {
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'up', choices, ...more };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  for (const content of ['All', ' is', ' well']) send([{ index: 0, delta: { content }, finish_reason: null }]);
  send([{ index: 0, delta: {}, finish_reason: 'stop' }]);
  send([], { usage: USAGE });
  response.end('data: [DONE]\n\n');
}

/** @returns {Promise<{child: import('node:child_process').ChildProcess, url: string}>} */
async function startGateway(directory) {
  const child = spawn(process.execPath, [COMMAND, 'serve'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      HOST: '127.0.0.1',
      OMNI_DATA_DIR: directory,
      ADMIN_API_KEY: ADMIN_KEY,
    },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  let told = '';
  const url = await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      told += text;
      const found = /listens on (http:\S+)/.exec(told)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(`the gateway did not start:\n${told}`)));
  });
  return { child, url };
}

/** Fails unless the answer has the status and its text holds what is expected. */
async function expectAnswer(what, answer, status, text) {
  const response = await answer;
  const body = await response.text();
  if (response.status === status && body.includes(text)) return body;
  throw new Error(
    `${what}: expected ${status} with ${JSON.stringify(text)}, got ${response.status}: ${body.slice(0, 500)}`,
  );
}

const post = (url, headers, body) =>
  fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function smoke(directory) {
  const upstream = await startUpstream();
  const { child, url } = await startGateway(directory);
  say(`started in ${Math.round(performance.now() - began)} ms: ${url}`);
  const exited = once(child, 'exit');

  const admin = { 'x-admin-key': ADMIN_KEY };
  const backends = [{ url: `http://127.0.0.1:${upstream.address().port}` }];
  const model = { name: 'smoke', model_id: 'up', backends };
  await expectAnswer('model', post(`${url}/admin/v1/models`, admin, model), 201, '"smoke"');
  const made = await expectAnswer('key', post(`${url}/admin/v1/keys`, admin, { name: 'smoke' }), 201, '"key"');
  say('model registered, key made');

  const caller = { authorization: `Bearer ${JSON.parse(made).key}` };
  const question = { model: 'smoke', messages: [{ role: 'user', content: 'How is it?' }] };
  const chat = `${url}/v1/chat/completions`;
  await expectAnswer('whole call', post(chat, caller, question), 200, 'All is well');
  say('whole call answered');
  const events = await expectAnswer('stream', post(chat, caller, { ...question, stream: true }), 200, '" well"');
  if (!events.endsWith('data: [DONE]\n\n')) throw new Error(`the stream does not end with [DONE]: ${events}`);
  say('streamed call answered, up to [DONE]');

  await expectAnswer('liveness', fetch(`${url}/health`), 200, 'ok');
  await expectAnswer('readiness', fetch(`${url}/health/ready`), 200, '"ready"');
  await expectAnswer('metrics', fetch(`${url}/metrics`), 200, 'gateway_requests_total{model="smoke"');
  await expectAnswer('API documentation', fetch(`${url}/docs-json`), 200, '"openapi"');
  say('health, metrics and API documentation are there');

  child.kill('SIGTERM');
  const [code] = await exited;
  upstream.close();
  upstream.closeAllConnections();
  if (code !== 0) throw new Error(`the gateway ended with exit code ${code}`);
  say(`stopped by SIGTERM with exit code 0; all well after ${Math.round(performance.now() - began)} ms`);
}

const directory = mkdtempSync(join(tmpdir(), 'omnigate-smoke-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const fail = (reason) => {
  process.stderr.write(`smoke test failed: ${reason}\n`);
  process.exit(1);
};
setTimeout(() => fail(`not done within ${BOUND_MS / 1000} s`), BOUND_MS).unref();
smoke(directory).then(
  () => process.exit(0),
  (error) => fail(error.stack ?? error),
);
