import {
  anything,
  count,
  fields,
  listOf,
  mapOf,
  matching,
  oneOf,
  orNull,
  type Shape,
  tagged,
  text,
  words,
} from './shape.js';

const ID = matching(/^[\w-]+$/);
const reason = oneOf(
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
);
const block = tagged('type', {
  text: fields({ text }, { citations: orNull(listOf(anything)) }),
  thinking: fields({ thinking: text, signature: text }),
  redacted_thinking: fields({ data: words }),
  tool_use: fields({ id: ID, name: words, input: mapOf(anything) }, { caller: anything }),
});
const counts = {
  input_tokens: orNull(count),
  cache_creation_input_tokens: orNull(count),
  cache_read_input_tokens: orNull(count),
  output_tokens_details: orNull(fields({ thinking_tokens: count })),
  server_tool_use: orNull(anything),
};
const usage = fields(
  { input_tokens: count, output_tokens: count },
  { ...counts, service_tier: orNull(text), cache_creation: orNull(anything), inference_geo: orNull(text) },
);
const head = { id: words, role: oneOf('assistant'), model: words, usage };
const stop = {
  stop_sequence: orNull(text),
  stop_reason: orNull(reason),
  stop_details: orNull(anything),
  container: orNull(anything),
};

/** https://platform.claude.com/docs/en/api/messages/create */
export const MESSAGE: Shape = fields(
  { ...head, type: oneOf('message'), content: listOf(block), stop_reason: reason },
  { ...stop, stop_reason: reason },
);

/** https://platform.claude.com/docs/en/build-with-claude/streaming */
export const MESSAGE_EVENT: Shape = tagged('type', {
  ping: fields({}),
  message_start: fields({
    message: fields({ ...head, type: oneOf('message'), content: listOf(block), stop_reason: oneOf(null) }, stop),
  }),
  content_block_start: fields({ index: count, content_block: block }),
  content_block_delta: fields({
    index: count,
    delta: tagged('type', {
      text_delta: fields({ text }),
      input_json_delta: fields({ partial_json: text }),
      thinking_delta: fields({ thinking: text }, { estimated_tokens: anything }),
      signature_delta: fields({ signature: words }),
      citations_delta: fields({ citation: anything }),
    }),
  }),
  content_block_stop: fields({ index: count }),
  message_delta: fields({
    delta: fields({ stop_reason: reason }, stop),
    usage: fields({ output_tokens: count }, counts),
  }),
  message_stop: fields({}),
});

/** https://platform.claude.com/docs/en/api/errors */
export const MESSAGES_ERROR: Shape = fields(
  {
    type: oneOf('error'),
    error: fields(
      {
        type: oneOf(
          'invalid_request_error',
          'authentication_error',
          'billing_error',
          'permission_error',
          'not_found_error',
          'request_too_large',
          'rate_limit_error',
          'timeout_error',
          'api_error',
          'overloaded_error',
        ),
        message: words,
      },
      { details: anything },
    ),
  },
  { request_id: text },
);
