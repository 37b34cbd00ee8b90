/** What the scripted upstream says, and how a caller checks that nothing of it was lost or changed on the way. */

/** Models of the bench: what callers name, and what the upstream is asked for. The upstream tells them apart by the suffix. */
export const MODELS = Object.freeze({
  whole: { alias: 'bench-whole', upstream: 'up-whole' },
  stream: { alias: 'bench-stream', upstream: 'up-stream' },
  idle: { alias: 'bench-idle', upstream: 'up-idle' },
});

export const STREAM_CHUNKS = 64;
export const WHOLE_CONTENT =
  'The quick brown fox jumps over the lazy dog while the gateway counts tokens, holds budgets and passes bytes on; ' +
  'nothing in this answer depends on the question, so that every answer can be compared with the first byte by byte.';
export const USAGE = Object.freeze({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 });

const ID = 'chatcmpl-bench0000000000000001';
const CREATED = 1760000000;

export function wholeAnswer(model) {
  return JSON.stringify({
    id: ID,
    object: 'chat.completion',
    created: CREATED,
    model,
    choices: [
      { index: 0, message: { role: 'assistant', content: WHOLE_CONTENT }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: USAGE,
    system_fingerprint: 'fp_bench',
  });
}

/** Text of one chunk. With its envelope an event has about 180 bytes. */
export const chunkContent = (index) => ` word-${String(index).padStart(2, '0')}`;

function event(model, choices, more = {}) {
  const body = { id: ID, object: 'chat.completion.chunk', created: CREATED, model, choices, ...more };
  return `data: ${JSON.stringify(body)}\n\n`;
}

export function chunkEvent(model, index, last) {
  const delta = index === 0 ? { role: 'assistant', content: chunkContent(0) } : { content: chunkContent(index) };
  return event(model, [{ index: 0, delta, logprobs: null, finish_reason: last ? 'stop' : null }]);
}

export const usageEvent = (model) => event(model, [], { usage: USAGE });
export const DONE_EVENT = 'data: [DONE]\n\n';

/** Returns what is wrong with a whole answer, or null. */
export function faultOfWhole(text, model) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return `not JSON: ${text.slice(0, 120)}`;
  }
  if (body.model !== model) return `model is ${JSON.stringify(body.model)}, expected "${model}"`;
  if (body.choices?.[0]?.message?.content !== WHOLE_CONTENT) return 'the content was changed';
  if (body.choices[0].finish_reason !== 'stop') return 'finish_reason was changed';
  return faultOfUsage(body.usage);
}

function faultOfUsage(usage) {
  const same = Object.entries(USAGE).every(([name, value]) => usage?.[name] === value);
  return same ? null : `usage was changed: ${JSON.stringify(usage)}`;
}

/** Returns what is wrong with a finished stream of `chunks` chunks, or null. Comments are allowed, usage chunks are not. */
export function faultOfStream(text, model, chunks) {
  if (!text.endsWith('\n\n')) return 'the stream does not end with a blank line';
  const events = text
    .split('\n\n')
    .map((block) =>
      block
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith(':'))
        .join('\n'),
    )
    .filter((block) => block !== '');
  if (events.pop() !== 'data: [DONE]') return 'the stream does not end with [DONE]';
  if (events.length !== chunks) return `${events.length} chunks, expected ${chunks}`;
  for (const [index, block] of events.entries()) {
    const fault = faultOfChunk(block, model, index, index === chunks - 1);
    if (fault !== null) return `chunk ${index}: ${fault}`;
  }
  return null;
}

function faultOfChunk(block, model, index, last) {
  let body;
  try {
    body = JSON.parse(block.slice('data: '.length));
  } catch {
    return `not JSON: ${block.slice(0, 120)}`;
  }
  if (body.model !== model) return `model is ${JSON.stringify(body.model)}, expected "${model}"`;
  if (body.choices?.[0]?.delta?.content !== chunkContent(index)) return 'the content was changed';
  if ((body.choices[0].finish_reason === 'stop') !== last) return 'finish_reason was changed';
  return null;
}

const FILLER = 'Please summarise the following minutes of our weekly meeting and keep the tone friendly. ';

/** A chat request whose body has exactly `bytes` bytes. */
export function chatRequest(model, bytes, more = {}) {
  const shape = (text) =>
    JSON.stringify({
      model,
      messages: [
        { role: 'system', content: 'You are a helpful assistant.' },
        { role: 'user', content: text },
      ],
      max_tokens: 64,
      temperature: 0.7,
      ...more,
    });
  const room = bytes - shape('').length;
  if (room < 0) throw new Error(`a request of ${bytes} bytes is too small`);
  return shape(FILLER.repeat(Math.ceil(room / FILLER.length)).slice(0, room));
}
