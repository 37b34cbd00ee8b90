import { encodeEventStreamMessage } from '../../libs/streaming/index.js';

/** An answer that a scripted vendor gives: text, or one call of a tool. Always 12 tokens in, 7 out. */
interface SaidText {
  readonly text: string;
}

interface SaidTool {
  readonly tool: string;
  readonly city: string;
}

export type Said = SaidText | SaidTool;

/** How a vendor says it: written by hand from the vendors' documentation. */
export interface VendorVoice {
  whole(said: Said): object;
  /** The body of a stream, and its content type. */
  stream(said: Said): { readonly type: string; readonly body: Buffer };
}

const isText = (said: Said): said is SaidText => 'text' in said;
const argumentsOf = (said: { city: string }): string => JSON.stringify({ city: said.city });
const halves = (text: string): readonly [string, string] => [
  text.slice(0, text.length >> 1),
  text.slice(text.length >> 1),
];
const sse = (events: readonly unknown[]): string => events.map((data) => `data: ${JSON.stringify(data)}\n\n`).join('');
const named = (events: readonly { type: string }[]): string =>
  events.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join('');
const eventStream = (text: string) => ({ type: 'text/event-stream', body: Buffer.from(text) });

/** https://platform.openai.com/docs/api-reference/chat */
export const CHAT_VOICE: VendorVoice = {
  whole: (said) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'up',
    choices: [
      {
        index: 0,
        message: isText(said)
          ? { role: 'assistant', content: said.text }
          : {
              role: 'assistant',
              content: null,
              tool_calls: [
                { id: 'call_1', type: 'function', function: { name: said.tool, arguments: argumentsOf(said) } },
              ],
            },
        finish_reason: isText(said) ? 'stop' : 'tool_calls',
      },
    ],
    usage: { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 },
  }),
  stream: (said) => {
    const chunk = (delta: object, finish: string | null = null) => ({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'up',
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    const usage = { ...chunk({}), choices: [], usage: { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 } };
    if (isText(said)) {
      const deltas = halves(said.text).map((content) => chunk({ content }));
      return eventStream(
        `${sse([chunk({ role: 'assistant', content: '' }), ...deltas, chunk({}, 'stop'), usage])}data: [DONE]\n\n`,
      );
    }
    const [first, second] = halves(argumentsOf(said));
    const call = (fields: object) => chunk({ tool_calls: [{ index: 0, ...fields }] });
    return eventStream(
      `${sse([
        chunk({ role: 'assistant', content: null }),
        call({ id: 'call_1', type: 'function', function: { name: said.tool, arguments: '' } }),
        call({ function: { arguments: first } }),
        call({ function: { arguments: second } }),
        chunk({}, 'tool_calls'),
        usage,
      ])}data: [DONE]\n\n`,
    );
  },
};

/** https://platform.claude.com/docs/en/api/messages */
export const ANTHROPIC_VOICE: VendorVoice = {
  whole: (said) => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'up',
    content: [
      isText(said)
        ? { type: 'text', text: said.text }
        : { type: 'tool_use', id: 'toolu_1', name: said.tool, input: { city: said.city } },
    ],
    stop_reason: isText(said) ? 'end_turn' : 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 12, output_tokens: 7 },
  }),
  stream: (said) => {
    const start = isText(said)
      ? { type: 'text', text: '' }
      : { type: 'tool_use', id: 'toolu_1', name: said.tool, input: {} };
    const deltas = halves(isText(said) ? said.text : argumentsOf(said)).map((part) => ({
      type: 'content_block_delta',
      index: 0,
      delta: isText(said) ? { type: 'text_delta', text: part } : { type: 'input_json_delta', partial_json: part },
    }));
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'up',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 12, output_tokens: 1 },
    };
    return eventStream(
      named([
        { type: 'message_start', message } as { type: string },
        { type: 'content_block_start', index: 0, content_block: start } as { type: string },
        { type: 'ping' },
        ...deltas,
        { type: 'content_block_stop', index: 0 } as { type: string },
        {
          type: 'message_delta',
          delta: { stop_reason: isText(said) ? 'end_turn' : 'tool_use', stop_sequence: null },
          usage: { output_tokens: 7 },
        } as { type: string },
        { type: 'message_stop' },
      ]),
    );
  },
};

/** https://ai.google.dev/api/generate-content */
export const GEMINI_VOICE: VendorVoice = {
  whole: (said) => geminiChunk(geminiPart(said), true),
  stream: (said) => {
    if (!isText(said)) return eventStream(sse([geminiChunk(geminiPart(said), true)]));
    const [first, second] = halves(said.text);
    return eventStream(sse([geminiChunk({ text: first }, false), geminiChunk({ text: second }, true)]));
  },
};

function geminiPart(said: Said): object {
  return isText(said) ? { text: said.text } : { functionCall: { name: said.tool, args: { city: said.city } } };
}

function geminiChunk(part: object, isLast: boolean): object {
  return {
    candidates: [{ index: 0, content: { role: 'model', parts: [part] }, ...(isLast && { finishReason: 'STOP' }) }],
    ...(isLast && { usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 7, totalTokenCount: 19 } }),
    modelVersion: 'up',
    responseId: 'resp-1',
  };
}

/** https://platform.openai.com/docs/api-reference/responses */
export const RESPONSES_VOICE: VendorVoice = {
  whole: (said) => responseOf(said, 'completed'),
  stream: (said) => {
    const item = responseItem(said);
    const text = isText(said) ? said.text : argumentsOf(said);
    const place = { item_id: item.id, output_index: 0 };
    const started = isText(said) ? { ...item, status: 'in_progress', content: [] } : { ...item, arguments: '' };
    const part = { type: 'output_text', text: '', annotations: [] };
    const middle = isText(said)
      ? [
          { type: 'response.content_part.added', ...place, content_index: 0, part },
          ...halves(text).map((delta) => ({ type: 'response.output_text.delta', ...place, content_index: 0, delta })),
          { type: 'response.output_text.done', ...place, content_index: 0, text },
          { type: 'response.content_part.done', ...place, content_index: 0, part: { ...part, text } },
        ]
      : [
          ...halves(text).map((delta) => ({ type: 'response.function_call_arguments.delta', ...place, delta })),
          { type: 'response.function_call_arguments.done', ...place, arguments: text },
        ];
    const events = [
      { type: 'response.created', response: { ...responseOf(said, 'in_progress'), output: [], usage: null } },
      { type: 'response.in_progress', response: { ...responseOf(said, 'in_progress'), output: [], usage: null } },
      { type: 'response.output_item.added', output_index: 0, item: started },
      ...middle,
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: responseOf(said, 'completed') },
    ];
    return eventStream(named(events.map((event, index) => ({ ...event, sequence_number: index }))));
  },
};

function responseItem(said: Said): { id: string } & Record<string, unknown> {
  if (!isText(said))
    return {
      id: 'fc_1',
      type: 'function_call',
      status: 'completed',
      call_id: 'call_1',
      name: said.tool,
      arguments: argumentsOf(said),
    };
  const content = [{ type: 'output_text', text: said.text, annotations: [] }];
  return { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content };
}

function responseOf(said: Said, status: string): Record<string, unknown> {
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    status,
    model: 'up',
    output: [responseItem(said)],
    parallel_tool_calls: true,
    tools: [],
    tool_choice: 'auto',
    usage: {
      input_tokens: 12,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 7,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 19,
    },
  };
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html */
export const BEDROCK_VOICE: VendorVoice = {
  whole: (said) => ({
    output: {
      message: {
        role: 'assistant',
        content: [
          isText(said)
            ? { text: said.text }
            : { toolUse: { toolUseId: 'tooluse_1', name: said.tool, input: { city: said.city } } },
        ],
      },
    },
    stopReason: isText(said) ? 'end_turn' : 'tool_use',
    usage: { inputTokens: 12, outputTokens: 7, totalTokens: 19 },
    metrics: { latencyMs: 1 },
  }),
  stream: (said) => {
    const frames: [string, object][] = [['messageStart', { role: 'assistant' }]];
    if (!isText(said))
      frames.push([
        'contentBlockStart',
        { contentBlockIndex: 0, start: { toolUse: { toolUseId: 'tooluse_1', name: said.tool } } },
      ]);
    for (const piece of halves(isText(said) ? said.text : argumentsOf(said)))
      frames.push([
        'contentBlockDelta',
        { contentBlockIndex: 0, delta: isText(said) ? { text: piece } : { toolUse: { input: piece } } },
      ]);
    frames.push(
      ['contentBlockStop', { contentBlockIndex: 0 }],
      ['messageStop', { stopReason: isText(said) ? 'end_turn' : 'tool_use' }],
      ['metadata', { usage: { inputTokens: 12, outputTokens: 7, totalTokens: 19 }, metrics: { latencyMs: 1 } }],
    );
    const bytes = frames.map(([kind, payload]) => bedrockFrame(kind, payload));
    return { type: 'application/vnd.amazon.eventstream', body: Buffer.concat(bytes) };
  },
};

function bedrockFrame(kind: string, payload: object): Buffer {
  const headers = { ':event-type': kind, ':content-type': 'application/json', ':message-type': 'event' };
  return encodeEventStreamMessage(headers, JSON.stringify(payload));
}

/** https://docs.cohere.com/reference/chat-stream */
export const COHERE_VOICE: VendorVoice = {
  whole: (said) => ({
    id: 'c-1',
    finish_reason: isText(said) ? 'COMPLETE' : 'TOOL_CALL',
    message: {
      role: 'assistant',
      ...(isText(said)
        ? { content: [{ type: 'text', text: said.text }] }
        : {
            tool_calls: [
              { id: 'call_1', type: 'function', function: { name: said.tool, arguments: argumentsOf(said) } },
            ],
          }),
    },
    usage: { billed_units: { input_tokens: 12, output_tokens: 7 }, tokens: { input_tokens: 12, output_tokens: 7 } },
  }),
  stream: (said) => {
    const middle = isText(said)
      ? [
          { type: 'content-start', index: 0, delta: { message: { content: { type: 'text', text: '' } } } },
          ...halves(said.text).map((text) => ({
            type: 'content-delta',
            index: 0,
            delta: { message: { content: { text } } },
          })),
          { type: 'content-end', index: 0 },
        ]
      : [
          {
            type: 'tool-call-start',
            index: 0,
            delta: {
              message: {
                tool_calls: { id: 'call_1', type: 'function', function: { name: said.tool, arguments: '' } },
              },
            },
          },
          ...halves(argumentsOf(said)).map((piece) => ({
            type: 'tool-call-delta',
            index: 0,
            delta: { message: { tool_calls: { function: { arguments: piece } } } },
          })),
          { type: 'tool-call-end', index: 0 },
        ];
    const usage = {
      billed_units: { input_tokens: 12, output_tokens: 7 },
      tokens: { input_tokens: 12, output_tokens: 7 },
    };
    const events = [
      { type: 'message-start', id: 'c-1', delta: { message: { role: 'assistant', content: [] } } },
      ...middle,
      { type: 'message-end', delta: { finish_reason: isText(said) ? 'COMPLETE' : 'TOOL_CALL', usage } },
    ];
    return eventStream(named(events));
  },
};

/** https://docs.ollama.com/api/chat */
export const OLLAMA_VOICE: VendorVoice = {
  whole: (said) => ollamaLine(ollamaMessage(said), true),
  stream: (said) => {
    const pieces = isText(said) ? halves(said.text).map((text) => ollamaMessage({ text })) : [ollamaMessage(said)];
    const lines = [
      ...pieces.map((message) => ollamaLine(message, false)),
      ollamaLine(ollamaMessage({ text: '' }), true),
    ];
    return {
      type: 'application/x-ndjson',
      body: Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
    };
  },
};

function ollamaMessage(said: Said): object {
  if (isText(said)) return { role: 'assistant', content: said.text };
  return {
    role: 'assistant',
    content: '',
    tool_calls: [{ function: { name: said.tool, arguments: { city: said.city } } }],
  };
}

function ollamaLine(message: object, isDone: boolean): object {
  return {
    model: 'up',
    created_at: '2026-01-01T00:00:00Z',
    message,
    done: isDone,
    ...(isDone && { done_reason: 'stop', prompt_eval_count: 12, eval_count: 7, total_duration: 1 }),
  };
}
