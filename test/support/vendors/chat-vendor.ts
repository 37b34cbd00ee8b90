import { dataLines, endOf, pieces, type SpokenAnswer, type SpokenCall, USAGE, type Vendor } from './vendor.js';

const ENDS = { stop: 'stop', calls: 'tool_calls', length: 'length', filter: 'content_filter' } as const;

/** https://platform.openai.com/docs/api-reference/chat, with the `reasoning_content` of DeepSeek and vLLM. */
export const CHAT_VENDOR: Vendor = {
  whole: (answer) => ({
    id: 'chatcmpl-up',
    object: 'chat.completion',
    created: 1_790_000_000,
    model: 'up',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: answer.text ?? null,
          refusal: null,
          annotations: [],
          ...(answer.reasoning !== undefined && { reasoning_content: answer.reasoning.text }),
          ...(answer.calls !== undefined && { tool_calls: answer.calls.map((call) => toolCall(call)) }),
        },
        logprobs: null,
        finish_reason: ENDS[endOf(answer)],
      },
    ],
    usage: usageOf(answer),
    service_tier: 'default',
    system_fingerprint: null,
  }),
  stream: (answer) => `${dataLines(chunks(answer))}data: [DONE]\n\n`,
  refusal: (message) => ({ error: { message, type: 'invalid_request_error', param: null, code: null } }),
  overload: dataLines([
    {
      error: { message: 'The server is overloaded.', type: 'server_error', param: null, code: 'server_is_overloaded' },
    },
  ]),
};

function chunks(answer: SpokenAnswer): object[] {
  const chunk = (delta: object, finish: string | null = null) => ({
    ...HEAD,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage: null,
  });
  const call = (index: number, fields: object) => chunk({ tool_calls: [{ index, ...fields }] });
  return [
    chunk({ role: 'assistant', content: '', refusal: null }),
    ...pieces(answer.reasoning?.text ?? '').map((text) => chunk({ reasoning_content: text })),
    ...pieces(answer.text ?? '').map((content) => chunk({ content })),
    ...(answer.calls ?? []).flatMap((spoken, index) => {
      const { id, type, function: made } = toolCall(spoken);
      return [
        call(index, { id, type, function: { name: made.name, arguments: '' } }),
        ...pieces(made.arguments).map((piece) => call(index, { function: { arguments: piece } })),
      ];
    }),
    chunk({}, ENDS[endOf(answer)]),
    { ...HEAD, choices: [], usage: usageOf(answer) },
  ];
}

const HEAD = {
  id: 'chatcmpl-up',
  object: 'chat.completion.chunk',
  created: 1_790_000_000,
  model: 'up',
  service_tier: 'default',
  system_fingerprint: null,
};

function toolCall({ id, name, input }: SpokenCall) {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input) } };
}

function usageOf({ usage = USAGE }: SpokenAnswer): object {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
