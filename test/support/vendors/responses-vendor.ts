import {
  endOf,
  type NamedEvent,
  namedLines,
  pieces,
  type SpokenAnswer,
  type SpokenCall,
  USAGE,
  type Vendor,
} from './vendor.js';

type Item = Readonly<Record<string, unknown>> & { readonly id: string };

/** https://platform.openai.com/docs/api-reference/responses and /responses-streaming */
export const RESPONSES_VENDOR: Vendor = {
  whole: (answer) => response(answer, true),
  stream: (answer) => {
    const events: NamedEvent[] = [
      { type: 'response.created', response: response(answer, false) },
      { type: 'response.in_progress', response: response(answer, false) },
      ...items(answer).flatMap(({ item, started, middle }, at) => {
        const place = { item_id: item.id, output_index: at };
        return [
          { type: 'response.output_item.added', output_index: at, item: started },
          ...middle.map((event) => ({ ...event, ...place })),
          { type: 'response.output_item.done', output_index: at, item },
        ];
      }),
      { type: isCut(answer) ? 'response.incomplete' : 'response.completed', response: response(answer, true) },
    ];
    return namedLines(events.map((event, at) => ({ ...event, sequence_number: at })));
  },
  refusal: (message) => ({ error: { message, type: 'invalid_request_error', param: null, code: null } }),
  overload: namedLines([
    {
      type: 'error',
      code: 'server_is_overloaded',
      message: 'The server is overloaded.',
      param: null,
      sequence_number: 9,
    },
  ]),
};

const isCut = ({ end }: SpokenAnswer): boolean => end !== undefined;

interface SpokenItem {
  readonly item: Item;
  readonly started: Item;
  readonly middle: readonly NamedEvent[];
}

function items({ reasoning, text, calls }: SpokenAnswer): SpokenItem[] {
  return [
    ...(reasoning === undefined ? [] : [thought(reasoning)]),
    ...(text === undefined ? [] : [message(text)]),
    ...(calls ?? []).map((call, at) => functionCall(call, at)),
  ];
}

function thought({ text, proof }: { readonly text: string; readonly proof: string }): SpokenItem {
  const item = { id: 'rs_up', type: 'reasoning', summary: [{ type: 'summary_text', text }], encrypted_content: proof };
  const at = { summary_index: 0 };
  return {
    item,
    started: { ...item, summary: [], encrypted_content: '' },
    middle: [
      { type: 'response.reasoning_summary_part.added', ...at, part: { type: 'summary_text', text: '' } },
      ...pieces(text).map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...at, delta })),
      { type: 'response.reasoning_summary_text.done', ...at, text },
      { type: 'response.reasoning_summary_part.done', ...at, part: { type: 'summary_text', text } },
    ],
  };
}

function message(text: string): SpokenItem {
  const part = { type: 'output_text', text, annotations: [], logprobs: [] };
  const item = { id: 'msg_up', type: 'message', role: 'assistant', status: 'completed', content: [part] };
  const at = { content_index: 0 };
  return {
    item,
    started: { ...item, status: 'in_progress', content: [] },
    middle: [
      { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
      ...pieces(text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
      { type: 'response.output_text.done', ...at, text, logprobs: [] },
      { type: 'response.content_part.done', ...at, part },
    ],
  };
}

function functionCall({ id, name, input }: SpokenCall, at: number): SpokenItem {
  const json = JSON.stringify(input);
  const item = {
    id: `fc_up_${String(at)}`,
    type: 'function_call',
    status: 'completed',
    call_id: id,
    name,
    arguments: json,
  };
  return {
    item,
    started: { ...item, status: 'in_progress', arguments: '' },
    middle: [
      ...pieces(json).map((delta) => ({ type: 'response.function_call_arguments.delta', delta })),
      { type: 'response.function_call_arguments.done', name, arguments: json },
    ],
  };
}

const CUT_BY = { length: 'max_output_tokens', filter: 'content_filter', stop: null, calls: null } as const;

function response(answer: SpokenAnswer, isDone: boolean): object {
  const reason = CUT_BY[endOf(answer)];
  const ended = reason === null ? 'completed' : 'incomplete';
  return {
    id: 'resp_up',
    object: 'response',
    created_at: 1_790_000_000,
    status: isDone ? ended : 'in_progress',
    background: false,
    error: null,
    incomplete_details: isDone && reason !== null ? { reason } : null,
    instructions: null,
    max_output_tokens: null,
    model: 'up',
    output: isDone ? items(answer).map(({ item }) => item) : [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: isDone ? usageOf(answer) : null,
    user: null,
    metadata: {},
  };
}

function usageOf({ usage = USAGE }: SpokenAnswer): object {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  };
}
