import { anything, count, either, fields, listOf, oneOf, orNull, type Shape, tagged, text, words } from './shape.js';

const end = oneOf('stop', 'length', 'tool_calls', 'content_filter', 'function_call');
const details = listOf(
  tagged('type', {
    'reasoning.text': fields(
      {},
      { text: orNull(text), signature: orNull(text), id: orNull(text), index: count, format: text },
    ),
    'reasoning.encrypted': fields({ data: text }, { id: orNull(text), index: count, format: text }),
    'reasoning.summary': fields({ summary: text }, { id: orNull(text), index: count, format: text }),
  }),
);
/** How reasoning is told is not OpenAI's but DeepSeek's and OpenRouter's. */
const reasoning = { reasoning_content: orNull(text), reasoning_details: details };
/** https://ai.google.dev/gemini-api/docs/openai: where Google's own Chat Completions has it. */
const extra = { extra_content: fields({ google: fields({ thought_signature: words }) }) };
const usage = fields(
  { prompt_tokens: count, completion_tokens: count, total_tokens: count },
  {
    prompt_tokens_details: fields({}, { cached_tokens: count, audio_tokens: count, cache_write_tokens: count }),
    completion_tokens_details: fields(
      {},
      {
        reasoning_tokens: count,
        audio_tokens: count,
        accepted_prediction_tokens: count,
        rejected_prediction_tokens: count,
      },
    ),
  },
);
const head = { id: words, created: count, model: words };
const rest = { service_tier: orNull(text), system_fingerprint: orNull(text) };

/** https://platform.openai.com/docs/api-reference/chat/object */
export const CHAT_COMPLETION: Shape = fields(
  {
    ...head,
    object: oneOf('chat.completion'),
    choices: listOf(
      fields(
        {
          index: count,
          finish_reason: end,
          message: fields(
            { role: oneOf('assistant'), content: orNull(text) },
            {
              refusal: orNull(text),
              annotations: listOf(anything),
              images: listOf(anything),
              tool_calls: listOf(
                fields(
                  { id: words, type: oneOf('function'), function: fields({ name: words, arguments: text }) },
                  extra,
                ),
                1,
              ),
              ...reasoning,
            },
          ),
        },
        { logprobs: orNull(anything) },
      ),
      1,
    ),
  },
  { ...rest, usage },
);

/** https://platform.openai.com/docs/api-reference/chat/streaming */
export const CHAT_CHUNK: Shape = fields(
  {
    ...head,
    object: oneOf('chat.completion.chunk'),
    choices: listOf(
      fields(
        {
          index: count,
          finish_reason: orNull(end),
          delta: fields(
            {},
            {
              role: oneOf('assistant'),
              content: orNull(text),
              refusal: orNull(text),
              annotations: listOf(anything),
              images: listOf(anything),
              tool_calls: listOf(
                fields(
                  { index: count },
                  {
                    id: words,
                    type: oneOf('function', 'custom'),
                    custom: fields({}, { name: words, input: text }),
                    function: fields({}, { name: words, arguments: text }),
                    ...extra,
                  },
                ),
                1,
              ),
              ...reasoning,
            },
          ),
        },
        { logprobs: orNull(anything) },
      ),
    ),
  },
  { ...rest, usage: orNull(usage) },
);

/** https://platform.openai.com/docs/guides/error-codes, and the gateway's own id of the request. */
export const CHAT_ERROR: Shape = fields(
  {
    error: fields(
      { message: words, type: words },
      { param: orNull(text), code: orNull(either(text, count)), request_id: text },
    ),
  },
  { request_id: text },
);
