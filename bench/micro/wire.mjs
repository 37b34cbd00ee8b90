/**
 * Cost of translating between wire formats, without any I/O, beside that of relaying. For each dialect of callers and each
 * format of providers:
 *
 * - *stream*: CPU of decoding a stream of 64 events of the provider and encoding it for the caller, network read by network
 *   read, against the relay of the same stream in Chat Completions. Measured in turn with the relay; median of the rounds' ratios;
 * - *request*: CPU from the bytes of a caller's request of 200 KB and 100 messages to those for the provider;
 * - *hour*: heap that a stream of an hour at 60 events a second holds at its end beyond what it held after six minutes, and
 *   beyond its text where the caller's format repeats that at the end.
 *
 *   npm run bench:wire              (or: node --expose-gc bench/micro/wire.mjs [directory of the build] [caller or provider])
 *
 * It prints goals and whether they are met, and fails only where it could not measure.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { median, number, ratioOf, table } from '../measure/figures.mjs';

const [directory = 'dist', only = ''] = process.argv.slice(2);
const load = (lib) => import(pathToFileURL(`${resolve(directory)}/libs/${lib}/index.js`).href);
const { ChatStreamRelay, OPENAI_CHAT, readDialectRequest, WIRE_FORMATS } = await load('wire');
const { LossReport, usageOf } = await load('protocol');

const CALLERS = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini-generate-content'];
/** Formats whose streams end with all that they said. */
const REPEATING = ['openai-responses'];
const EVENTS = 64;
const MESSAGES = 100;
const HOUR_EVENTS = 60 * 3600;
const ROUNDS = 9;
const WARM_UP = { streams: 300, requests: 12 };
const PER_ROUND = { streams: 200, requests: 8 };
const GOALS = { ratio: 3, requestMs: 3, heldKib: 256 };
const MODEL = 'claude-sonnet-4-5';
const CREATED = 1_753_200_000;

const contextOf = (from, to) => ({
  report: new LossReport(from.id, to.id),
  id: 'chatcmpl-BxCuLfkDvqY1xWfVnJX0hOUf6eVMi',
  created: CREATED,
  model: 'my-model',
  includeUsage: true,
});

/** CPU time of this process per operation, µs. Not wall time, so other load on the machine tells little. */
function cpuOf(operation, times) {
  const begun = process.cpuUsage();
  for (let index = 0; index < times; index++) operation();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / times;
}

// Streams

/** A stream of a text in the words of a format, one network read an event. */
function streamOf(format, events) {
  const encoder = format.encodeEvents(contextOf(format, format));
  const text = { choice: 0, index: 0 };
  const all = [
    { type: 'answer-start', source: format.id, id: 'a-1', model: 'gpt-4o-mini-2024-07-18', created: CREATED },
    { type: 'part-start', ...text, part: { type: 'text', text: '' } },
    ...Array.from({ length: events - 4 }, (_, at) => ({ type: 'text-delta', ...text, text: ` token${at}` })),
    { type: 'part-end', ...text },
    { type: 'choice-finish', choice: 0, finish: { reason: 'stop' } },
    { type: 'usage-update', usage: usageOf({ promptTokens: 9, completionTokens: events }) },
    { type: 'answer-end' },
  ];
  return all.map((event) => Buffer.from(encoder.push(event))).filter(({ length }) => length > 0);
}

function relay(chunks) {
  const lane = new ChatStreamRelay({ alias: 'my-model', hideUsage: true, maxFrameBytes: 1 << 20 });
  let bytes = 0;
  for (const chunk of chunks) bytes += lane.push(chunk)?.length ?? 0;
  return bytes + (lane.end().bytes?.length ?? 0);
}

/** As the translate lane does it: what the events of one read become leaves in one buffer. */
class Translator {
  bytes = 0;
  #decoder;
  #encoder;

  constructor(provider, caller) {
    this.#decoder = provider.decodeEvents();
    this.#encoder = caller.encodeEvents(contextOf(provider, caller));
  }

  push(chunk) {
    this.#write(this.#decoder.push(chunk));
  }

  end() {
    this.#write(this.#decoder.end());
    return this.bytes;
  }

  #write(events) {
    const pieces = [];
    for (const event of events) {
      const piece = this.#encoder.push(event);
      if (piece.length > 0) pieces.push(piece);
    }
    if (pieces.length === 0) return;
    const buffers = pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
    this.bytes += (buffers.length === 1 ? buffers[0] : Buffer.concat(buffers)).length;
  }
}

function translate({ provider, caller, stream }) {
  const translator = new Translator(provider, caller);
  for (const chunk of stream) translator.push(chunk);
  return translator.end();
}

// Requests

const said = (role, text) => ({ role, parts: [{ type: 'text', text }] });
const callOf = (at) => ({
  type: 'tool-call',
  id: `call_${at}`,
  name: 'f1',
  arguments: JSON.stringify({ q: 'x'.repeat(1500) }),
});
const resultOf = (at) => ({
  type: 'tool-result',
  callId: `call_${at - 1}`,
  name: 'f1',
  content: [{ type: 'text', text: 'result '.repeat(300) }],
});
const TURNS = [
  () => said('assistant', 'Well, here is "it":\n'.repeat(100)),
  () => said('user', 'Please tell me about it. '.repeat(100)),
  (at) => ({ role: 'assistant', parts: [callOf(at)] }),
  (at) => ({ role: 'tool', parts: [resultOf(at)] }),
];

/** Instructions, turns with calls and their results, and ten tools. */
function longRequest() {
  const messages = [said('system', 'You are helpful. '.repeat(20))];
  while (messages.length < MESSAGES) messages.push(TURNS[messages.length % TURNS.length](messages.length));
  const parameters = { type: 'object', properties: { q: { type: 'string' } } };
  const tools = Array.from({ length: 10 }, (_, at) => ({ type: 'function', name: `f${at}`, parameters }));
  return { model: MODEL, messages, tools, generation: { maxOutputTokens: 100 }, stream: true };
}

function requestOf(caller) {
  const { body } = caller.encodeRequest(longRequest(), contextOf(caller, caller));
  return Buffer.from(JSON.stringify(body));
}

function convert({ caller, provider, request }) {
  const { canonical } = readDialectRequest(request, caller.id, { model: MODEL, stream: true });
  return Buffer.from(JSON.stringify(provider.encodeRequest(canonical, contextOf(caller, provider)).body)).length;
}

// Memory

/** KiB. */
function heap() {
  // Twice: what the first finds dead may have held memory outside the heap.
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1024;
}

/** KiB of text in so many events of a stream of a thousand. */
const textOf = (events) => (events * ' token500'.length) / 1024;

function heldAfterAnHour({ provider, caller }) {
  const chunks = streamOf(provider, 1000);
  const ending = chunks.length - 20;
  const translator = new Translator(provider, caller);
  for (const chunk of chunks.slice(0, 20)) translator.push(chunk);
  const words = chunks.slice(20, ending);
  const feed = (events) => {
    for (let at = 0; at < events; at++) translator.push(words[at % words.length]);
  };
  feed(HOUR_EVENTS / 10);
  const before = heap();
  feed((HOUR_EVENTS * 9) / 10);
  const held = heap() - before - (REPEATING.includes(caller.id) ? textOf((HOUR_EVENTS * 9) / 10) : 0);
  for (const chunk of chunks.slice(ending)) translator.push(chunk);
  if (translator.end() < HOUR_EVENTS * 10)
    throw new Error(`${provider.id} → ${caller.id}: the hour was not translated`);
  return Math.max(0, held);
}

// The run

function pairsOf() {
  const formats = Object.values(WIRE_FORMATS);
  const callers = formats.filter(({ id }) => CALLERS.includes(id));
  const pairs = callers.flatMap((caller) => {
    const request = requestOf(caller);
    return formats.map((provider) => ({ caller, provider, request, stream: streamOf(provider, EVENTS) }));
  });
  return pairs.filter(({ caller, provider }) => `${caller.id} ${provider.id}`.includes(only));
}

function measured(pair, relayOnce) {
  const streams = [];
  const relays = [];
  const requests = [];
  for (let round = 0; round < ROUNDS; round++) {
    relays.push(cpuOf(relayOnce, PER_ROUND.streams));
    streams.push(cpuOf(() => translate(pair), PER_ROUND.streams));
    requests.push(cpuOf(() => convert(pair), PER_ROUND.requests));
  }
  return {
    streamUs: median(streams),
    ratio: ratioOf(streams, relays),
    requestMs: median(requests) / 1000,
    heldKib: globalThis.gc === undefined ? Number.NaN : heldAfterAnHour(pair),
  };
}

function row({ caller, provider }, figures) {
  const missed = Object.keys(GOALS).filter((name) => figures[name] > GOALS[name]);
  const verdict = missed.length === 0 ? 'met' : `MISSED: ${missed.map((name) => COLUMNS[name]).join(', ')}`;
  const { streamUs, ratio, requestMs, heldKib } = figures;
  return [caller.id, provider.id, number(streamUs), number(ratio), number(requestMs), number(heldKib), verdict];
}

const COLUMNS = { ratio: 'stream', requestMs: 'request', heldKib: 'hour' };
const HEADER = ['caller', 'provider', 'stream µs', '× relay', 'request ms', 'hour KiB', 'goals'];

function run() {
  const chat = streamOf(OPENAI_CHAT, EVENTS);
  const relayOnce = () => relay(chat);
  const pairs = pairsOf();
  if (pairs.length === 0) throw new Error(`there is no caller or provider "${only}"`);
  // All of them first, because one process speaks all of them: the engine's guesses for a single pair would flatter it.
  cpuOf(relayOnce, WARM_UP.streams);
  for (const pair of pairs) {
    cpuOf(() => translate(pair), WARM_UP.streams);
    cpuOf(() => convert(pair), WARM_UP.requests);
  }
  const kilobytes = Math.round(Math.min(...pairs.map(({ request }) => request.length)) / 1000);
  console.log(
    `Node ${process.version}; streams of ${EVENTS} events, requests of ${kilobytes} KB and ${MESSAGES} messages,`,
  );
  console.log(
    `an hour of ${HOUR_EVENTS.toLocaleString('en-US')} events. Relay of the stream: ${number(cpuOf(relayOnce, 1000))} µs CPU.`,
  );
  console.log(
    `Goals: stream ≤ ${GOALS.ratio} × relay, request ≤ ${GOALS.requestMs} ms, hour ≤ ${GOALS.heldKib} KiB.\n`,
  );
  const rows = pairs.map((pair) => row(pair, measured(pair, relayOnce)));
  console.log(table(HEADER, rows));
  if (globalThis.gc === undefined) console.log('\nThe hour was not measured: it needs --expose-gc.');
}

run();
