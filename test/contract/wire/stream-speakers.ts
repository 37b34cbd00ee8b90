import type { FormatId } from '../../../libs/protocol/index.js';
import type { Doc, Framing } from './stream-framings.js';

/** A tool call as a stream brings it. */
export interface SpokenCall {
  /** Which part of the answer it is, from 0. */
  readonly at: number;
  /** Which tool call it is, from 0. */
  readonly nth: number;
  readonly name: string;
  /** Arguments in the pieces they come in. */
  readonly pieces: readonly string[];
}

/** Says things in the stream of one format, as its vendor writes them: the words that hostile streams are made of. */
export interface Speaker {
  readonly format: FormatId;
  readonly framing: Framing;
  /** Whether a tool call comes whole and its arguments as a JSON value. */
  readonly wholeCalls: boolean;
  readonly start: () => Doc[];
  readonly text: (at: number, pieces: readonly string[]) => Doc[];
  readonly callStart: (call: SpokenCall) => Doc[];
  readonly callDelta: (call: SpokenCall, piece: string) => Doc[];
  readonly callStop: (call: SpokenCall) => Doc[];
  /** Why it ended and what it used: from the first of these on the answer may count as whole. */
  readonly finish: () => Doc[];
  /** The end mark, where there is one. */
  readonly end: () => Doc[];
  /** Of a type nobody knows. */
  readonly unknownEvent: Doc;
  /** A part of a type nobody knows, whole. */
  readonly unknownPart: (at: number) => Doc[];
  /** An error in the midst of a 200. */
  readonly error: Doc;
  /** Whether what was written says that the answer is whole. */
  readonly saysWhole: (written: string) => boolean;
}

const idOf = ({ nth }: SpokenCall): string => `call_${nth}`;

function chat(delta: object, rest: object = {}): Doc {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'm' };
  return { data: { ...head, choices: [{ index: 0, delta, finish_reason: null, ...rest }] } };
}

const OPENAI_CHAT: Speaker = {
  format: 'openai-chat',
  framing: 'sse',
  wholeCalls: false,
  start: () => [chat({ role: 'assistant', content: '' })],
  text: (_at, pieces) => pieces.map((content) => chat({ content })),
  callStart: (call) => [
    chat({
      tool_calls: [{ index: call.nth, id: idOf(call), type: 'function', function: { name: call.name, arguments: '' } }],
    }),
  ],
  callDelta: ({ nth }, piece) => [chat({ tool_calls: [{ index: nth, function: { arguments: piece } }] })],
  callStop: () => [],
  finish: () => [
    chat({}, { finish_reason: 'tool_calls' }),
    {
      data: {
        id: 'chatcmpl-1',
        object: 'chat.completion.chunk',
        created: 1_700_000_000,
        model: 'm',
        choices: [],
        usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
      },
    },
  ],
  end: () => [{ data: '[DONE]' }],
  unknownEvent: { event: 'surprise', data: { id: 'chatcmpl-1', object: 'surprise', choices: [] } },
  unknownPart: () => [chat({ hologram: { data: 'x' } })],
  error: { data: { error: { message: 'The server had an error', type: 'server_error', param: null, code: null } } },
  saysWhole: (written) => /^data: \[DONE\]$/m.test(written),
};

const named = (data: { type: string; [field: string]: unknown }): Doc => ({ event: data.type, data });

const ANTHROPIC: Speaker = {
  format: 'anthropic-messages',
  framing: 'sse',
  wholeCalls: false,
  start: () => [
    named({
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 10, output_tokens: 1 },
      },
    }),
    named({ type: 'ping' }),
  ],
  text: (index, pieces) => [
    named({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } }),
    ...pieces.map((text) => named({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } })),
    named({ type: 'content_block_stop', index }),
  ],
  callStart: (call) => [
    named({
      type: 'content_block_start',
      index: call.at,
      content_block: { type: 'tool_use', id: idOf(call), name: call.name, input: {} },
    }),
  ],
  callDelta: ({ at }, piece) => [
    named({ type: 'content_block_delta', index: at, delta: { type: 'input_json_delta', partial_json: piece } }),
  ],
  callStop: ({ at }) => [named({ type: 'content_block_stop', index: at })],
  finish: () => [
    named({
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: 5 },
    }),
  ],
  end: () => [named({ type: 'message_stop' })],
  unknownEvent: named({ type: 'surprise', index: 0, delta: { type: 'text_delta', text: 'no' } }),
  unknownPart: (index) => [
    named({ type: 'content_block_start', index, content_block: { type: 'hologram', data: 'x' } }),
    named({ type: 'content_block_delta', index, delta: { type: 'hologram_delta', data: 'y' } }),
    named({ type: 'content_block_stop', index }),
  ],
  error: named({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
  saysWhole: (written) => /^event: message_stop$/m.test(written),
};

const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  created_at: 1_700_000_000,
  status: 'in_progress',
  model: 'm',
  output: [],
  usage: null,
};
const message = (at: number, text: string, status: string): object => ({
  type: 'message',
  id: `msg_${at}`,
  status,
  role: 'assistant',
  content: status === 'completed' ? [{ type: 'output_text', text, annotations: [] }] : [],
});
const functionCall = (call: SpokenCall, status: string): object => ({
  type: 'function_call',
  id: `fc_${call.nth}`,
  call_id: idOf(call),
  name: call.name,
  arguments: status === 'completed' ? call.pieces.join('') : '',
  status,
});

const RESPONSES: Speaker = {
  format: 'openai-responses',
  framing: 'sse',
  wholeCalls: false,
  start: () => [
    named({ type: 'response.created', response: RESPONSE }),
    named({ type: 'response.in_progress', response: RESPONSE }),
  ],
  text: (at, pieces) => {
    const text = pieces.join('');
    const place = { item_id: `msg_${at}`, output_index: at, content_index: 0 };
    const part = { type: 'output_text', text, annotations: [] };
    return [
      named({ type: 'response.output_item.added', output_index: at, item: message(at, '', 'in_progress') }),
      named({ type: 'response.content_part.added', ...place, part: { ...part, text: '' } }),
      ...pieces.map((delta) => named({ type: 'response.output_text.delta', ...place, delta })),
      named({ type: 'response.output_text.done', ...place, text }),
      named({ type: 'response.content_part.done', ...place, part }),
      named({ type: 'response.output_item.done', output_index: at, item: message(at, text, 'completed') }),
    ];
  },
  callStart: (call) => [
    named({
      type: 'response.output_item.added',
      output_index: call.at,
      item: functionCall(call, 'in_progress'),
    }),
  ],
  callDelta: ({ at, nth }, delta) => [
    named({ type: 'response.function_call_arguments.delta', item_id: `fc_${nth}`, output_index: at, delta }),
  ],
  callStop: (call) => [
    named({
      type: 'response.function_call_arguments.done',
      item_id: `fc_${call.nth}`,
      output_index: call.at,
      arguments: call.pieces.join(''),
    }),
    named({ type: 'response.output_item.done', output_index: call.at, item: functionCall(call, 'completed') }),
  ],
  finish: () => [
    named({
      type: 'response.completed',
      response: {
        ...RESPONSE,
        status: 'completed',
        usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
      },
    }),
  ],
  end: () => [],
  unknownEvent: named({ type: 'response.surprise', item_id: 'x', delta: 'no' }),
  unknownPart: (at) => [
    named({ type: 'response.output_item.added', output_index: at, item: { type: 'hologram', id: 'h_1' } }),
    named({ type: 'response.hologram.delta', output_index: at, item_id: 'h_1', delta: 'x' }),
    named({ type: 'response.output_item.done', output_index: at, item: { type: 'hologram', id: 'h_1', data: 'x' } }),
  ],
  error: named({ type: 'error', code: 'server_error', message: 'The server had an error', param: null }),
  saysWhole: (written) => /^event: response\.(?:completed|incomplete)$/m.test(written),
};

function candidate(parts: readonly object[], rest: object = {}): Doc {
  return {
    data: {
      candidates: [{ content: { parts, role: 'model' }, index: 0, ...rest }],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
      modelVersion: 'm',
      responseId: 'r_1',
    },
  };
}

const GEMINI: Speaker = {
  format: 'gemini-generate-content',
  framing: 'sse',
  wholeCalls: true,
  start: () => [],
  text: (_at, pieces) => pieces.map((text) => candidate([{ text }])),
  callStart: () => [],
  callDelta: () => [],
  callStop: (call) => [candidate([{ functionCall: { id: idOf(call), name: call.name, args: valueOf(call) } }])],
  finish: () => [candidate([{ text: '' }], { finishReason: 'STOP' })],
  end: () => [],
  unknownEvent: { event: 'surprise', data: { surprise: true } },
  unknownPart: () => [candidate([{ hologram: { data: 'x' } }])],
  error: { data: { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } } },
  saysWhole: (written) => !/^data: \{\s*"error"\s*:/m.test(written),
};

const BEDROCK: Speaker = {
  format: 'bedrock-converse',
  framing: 'aws',
  wholeCalls: false,
  start: () => [{ event: 'messageStart', data: { role: 'assistant' } }],
  text: (at, pieces) => [
    ...pieces.map((text) => ({ event: 'contentBlockDelta', data: { contentBlockIndex: at, delta: { text } } })),
    { event: 'contentBlockStop', data: { contentBlockIndex: at } },
  ],
  callStart: (call) => [
    {
      event: 'contentBlockStart',
      data: { contentBlockIndex: call.at, start: { toolUse: { toolUseId: idOf(call), name: call.name } } },
    },
  ],
  callDelta: ({ at }, piece) => [
    { event: 'contentBlockDelta', data: { contentBlockIndex: at, delta: { toolUse: { input: piece } } } },
  ],
  callStop: ({ at }) => [{ event: 'contentBlockStop', data: { contentBlockIndex: at } }],
  finish: () => [
    { event: 'messageStop', data: { stopReason: 'tool_use' } },
    {
      event: 'metadata',
      data: { usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 }, metrics: { latencyMs: 1 } },
    },
  ],
  end: () => [],
  unknownEvent: { event: 'surprise', data: { contentBlockIndex: 0, delta: { text: 'no' } } },
  unknownPart: (at) => [
    { event: 'contentBlockStart', data: { contentBlockIndex: at, start: { hologram: { data: 'x' } } } },
    { event: 'contentBlockDelta', data: { contentBlockIndex: at, delta: { hologram: { data: 'y' } } } },
    { event: 'contentBlockStop', data: { contentBlockIndex: at } },
  ],
  error: { event: ':modelStreamErrorException', data: { message: 'The model had an error' } },
  // The name of the event's type with its length before it, as it stands in a header.
  saysWhole: (written) => written.includes('\u0007\u0000\u000bmessageStop'),
};

const tools = (value: object): object => ({ message: { tool_calls: value } });

const COHERE: Speaker = {
  format: 'cohere-chat',
  framing: 'sse',
  wholeCalls: false,
  start: () => [
    named({
      type: 'message-start',
      id: 'c_1',
      delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
    }),
  ],
  text: (index, pieces) => [
    named({ type: 'content-start', index, delta: { message: { content: { type: 'text', text: '' } } } }),
    ...pieces.map((text) => named({ type: 'content-delta', index, delta: { message: { content: { text } } } })),
    named({ type: 'content-end', index }),
  ],
  callStart: (call) => [
    named({
      type: 'tool-call-start',
      index: call.nth,
      delta: tools({ id: idOf(call), type: 'function', function: { name: call.name, arguments: '' } }),
    }),
  ],
  callDelta: ({ nth }, piece) => [
    named({ type: 'tool-call-delta', index: nth, delta: tools({ function: { arguments: piece } }) }),
  ],
  callStop: ({ nth }) => [named({ type: 'tool-call-end', index: nth })],
  finish: () => [
    named({
      type: 'message-end',
      delta: {
        finish_reason: 'TOOL_CALL',
        usage: {
          billed_units: { input_tokens: 10, output_tokens: 5 },
          tokens: { input_tokens: 10, output_tokens: 5 },
        },
      },
    }),
  ],
  end: () => [{ data: '[DONE]' }],
  unknownEvent: named({ type: 'surprise', index: 0, delta: { message: { content: { text: 'no' } } } }),
  unknownPart: (index) => [
    named({ type: 'content-start', index, delta: { message: { content: { type: 'hologram', data: 'x' } } } }),
    named({ type: 'content-delta', index, delta: { message: { content: { data: 'y' } } } }),
    named({ type: 'content-end', index }),
  ],
  error: named({ type: 'message-end', delta: { finish_reason: 'ERROR', error: 'The model had an error' } }),
  saysWhole: (written) => /^event: message-end$/m.test(written) && !written.includes('"finish_reason":"ERROR"'),
};

function line(body: object, rest: object = { done: false }): Doc {
  const head = { model: 'm', created_at: '2026-01-01T00:00:00Z' };
  return { data: { ...head, message: { role: 'assistant', content: '', ...body }, ...rest } };
}

const OLLAMA: Speaker = {
  format: 'ollama-chat',
  framing: 'ndjson',
  wholeCalls: true,
  start: () => [],
  text: (_at, pieces) => pieces.map((content) => line({ content })),
  callStart: () => [],
  callDelta: () => [],
  callStop: (call) => [
    line({ tool_calls: [{ function: { index: call.nth, name: call.name, arguments: valueOf(call) } }] }),
  ],
  finish: () => [line({}, { done: true, done_reason: 'stop', prompt_eval_count: 10, eval_count: 5 })],
  end: () => [],
  unknownEvent: { data: { model: 'm', created_at: '2026-01-01T00:00:00Z', surprise: true, done: false } },
  unknownPart: () => [line({ hologram: { data: 'x' } })],
  error: { data: { error: 'an error was encountered while running the model' } },
  saysWhole: (written) => /"done":\s*true/.test(written),
};

/** The arguments as a value; what is no JSON stays a text. */
function valueOf({ pieces }: SpokenCall): unknown {
  const text = pieces.join('');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export const SPEAKERS: Readonly<Record<FormatId, Speaker>> = {
  'openai-chat': OPENAI_CHAT,
  'openai-responses': RESPONSES,
  'anthropic-messages': ANTHROPIC,
  'gemini-generate-content': GEMINI,
  'bedrock-converse': BEDROCK,
  'cohere-chat': COHERE,
  'ollama-chat': OLLAMA,
};
