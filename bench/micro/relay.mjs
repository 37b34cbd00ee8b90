/**
 * Cost of the relay lane's own work, without any I/O: reading and re-encoding a chat request, relaying a stream frame,
 * relaying a whole answer. Plain Node on the build:
 *
 *   node scripts/build.mjs && node bench/micro/relay.mjs [directory of the build]
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const build = resolve(process.argv[2] ?? 'dist');
const { ChatStreamRelay, encodeChatRequest, readChatRequest, relayChatAnswer } = await import(
  pathToFileURL(`${build}/libs/wire/index.js`).href
);

const ROUNDS = 9;

/** CPU time of this process per operation, ns: median over the rounds. Not wall time, so other load on the machine tells little. */
function measure(name, perRound, operation, divide = 1) {
  for (let index = 0; index < perRound; index++) operation();
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = process.cpuUsage();
    for (let index = 0; index < perRound; index++) operation();
    const { user, system } = process.cpuUsage(begun);
    times.push(((user + system) * 1000) / perRound / divide);
  }
  times.sort((one, other) => one - other);
  console.log(`${name.padEnd(58)} ${times[ROUNDS >> 1].toFixed(0).padStart(8)} ns   (best ${times[0].toFixed(0)})`);
}

const TEXT = 'Explain in two sentences why the sky is "blue" at noon.\nThen say it again as if to a child of five. ';

function chatBody(bytes, stream) {
  const messages = [{ role: 'system', content: 'You are terse.' }];
  const size = () =>
    JSON.stringify({ model: 'gpt-4o', messages, temperature: 0.7, max_tokens: 256, stream, user: 'u-1' });
  while (size().length < bytes) {
    const room = bytes - size().length;
    messages.push({
      role: messages.length % 2 ? 'user' : 'assistant',
      content: TEXT.repeat(12).slice(0, Math.min(room, 900)),
    });
  }
  return Buffer.from(size());
}

const patch = {
  model: 'meta-llama/Llama-3.3-70B',
  defaultParams: {},
  enableThinking: null,
  systemPrefix: null,
  includeUsage: true,
};
const full = {
  ...patch,
  defaultParams: { top_p: 0.9, presence_penalty: 0.1 },
  enableThinking: false,
  systemPrefix: 'Be kind.',
};

for (const kib of [1, 32]) {
  const body = chatBody(kib * 1024, true);
  const rounds = kib === 1 ? 20_000 : 1500;
  measure(`request ${kib} KiB: read`, rounds, () => readChatRequest(body));
  measure(`request ${kib} KiB: read + encode (name, usage)`, rounds, () =>
    encodeChatRequest(readChatRequest(body), patch),
  );
  measure(`request ${kib} KiB: read + encode (every transform)`, rounds, () =>
    encodeChatRequest(readChatRequest(body), full),
  );
  measure(`  for scale: JSON.parse + change + stringify, ${kib} KiB`, rounds, () => {
    const value = JSON.parse(body.toString('utf8'));
    value.model = patch.model;
    value.stream_options = { include_usage: true };
    return Buffer.from(JSON.stringify(value));
  });
}

const frame = (content) =>
  Buffer.from(
    `data: {"id":"chatcmpl-9xYzAbCdEf","object":"chat.completion.chunk","created":1763700000,"model":"llama-70b",` +
      `"choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"logprobs":null,"finish_reason":null}]}\n\n`,
  );
const one = frame(' hello');
const usageNull = Buffer.from(one.toString().replace('}]}', '}],"usage":null}'));
const eight = Buffer.concat(Array.from({ length: 8 }, () => one));
const crlf = Buffer.from(one.toString().replaceAll('\n', '\r\n'));
const options = { alias: 'gpt-4o', hideUsage: false, maxFrameBytes: 1 << 20 };

function frames(name, chunk, given, divide = 1) {
  const relay = new ChatStreamRelay(given);
  measure(`frame of ${one.length} bytes: ${name}`, 50_000 / divide, () => relay.push(chunk), divide);
}
frames('renamed', one, options);
frames('renamed, usage cut out', usageNull, { ...options, hideUsage: true });
frames('passed as it is', one, { ...options, alias: null });
frames('renamed, CRLF', crlf, options);
frames('renamed, eight in a chunk (per frame)', eight, options, 8);
{
  const relay = new ChatStreamRelay(options);
  const [head, tail] = [one.subarray(0, 90), one.subarray(90)];
  measure(`frame of ${one.length} bytes: renamed, split in two chunks`, 50_000, () => {
    relay.push(head);
    relay.push(tail);
  });
}

const answer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1763700000,
    model: 'llama-70b',
    choices: [
      { index: 0, message: { role: 'assistant', content: TEXT.repeat(6) }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: {
      prompt_tokens: 12,
      completion_tokens: 120,
      total_tokens: 132,
      prompt_tokens_details: { cached_tokens: 4 },
    },
  }),
);
measure(`whole answer of ${answer.length} bytes`, 20_000, () => relayChatAnswer(answer, 'gpt-4o'));
