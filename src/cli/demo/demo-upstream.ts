import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const WORDS = ['Hello', ' from', ' a', ' scripted', ' upstream:', ' no', ' provider', ' was', ' called.'];
const USAGE = { prompt_tokens: 9, completion_tokens: WORDS.length, total_tokens: 9 + WORDS.length };
const MODEL = 'scripted-1';
const PAUSE_MS = 60;

export interface DemoUpstream {
  url: string;
  close(): Promise<void>;
}

/** A server that answers like an OpenAI-compatible one, always with the same sentence. */
export async function startDemoUpstream(): Promise<DemoUpstream> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (request.url === '/health') {
    response.end('ok');
    return;
  }
  const { stream } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { stream?: boolean };
  if (stream === true) await answerStreamed(response);
  else answerWhole(response);
}

function answerWhole(response: ServerResponse): void {
  const message = { role: 'assistant', content: WORDS.join('') };
  const body = {
    id: 'chatcmpl-demo',
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: MODEL,
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: USAGE,
  };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

async function answerStreamed(response: ServerResponse): Promise<void> {
  response.setHeader('content-type', 'text/event-stream');
  const created = Math.floor(Date.now() / 1000);
  const send = (choices: object[], usage: object | null): void => {
    const chunk = { id: 'chatcmpl-demo', object: 'chat.completion.chunk', created, model: MODEL, choices, usage };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  for (const word of WORDS) {
    send([{ index: 0, delta: { content: word }, finish_reason: null }], null);
    await sleep(PAUSE_MS);
  }
  send([{ index: 0, delta: {}, finish_reason: 'stop' }], null);
  send([], USAGE);
  response.end('data: [DONE]\n\n');
}
