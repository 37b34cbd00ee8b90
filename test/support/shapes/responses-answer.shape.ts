import {
  anything,
  count,
  fields,
  flag,
  listOf,
  matching,
  number,
  oneOf,
  orNull,
  type Shape,
  tagged,
  text,
  words,
} from './shape.js';

const status = oneOf('in_progress', 'completed', 'incomplete');
const part = tagged('type', {
  output_text: fields({ text, annotations: listOf(anything) }, { logprobs: listOf(anything) }),
  refusal: fields({ refusal: text }),
});
const summary = tagged('type', { summary_text: fields({ text }) });
const reasoningText = tagged('type', { reasoning_text: fields({ text }) });
const item = tagged('type', {
  image_generation_call: anything,
  custom_tool_call: anything,
  message: fields(
    { id: matching(/^msg_/), role: oneOf('assistant'), status, content: listOf(part) },
    { phase: orNull(text) },
  ),
  function_call: fields({ id: matching(/^fc_/), call_id: words, name: words, arguments: text, status }),
  reasoning: fields(
    { id: matching(/^rs_/), summary: listOf(summary) },
    { content: listOf(reasoningText), encrypted_content: orNull(text), status: orNull(status) },
  ),
});
const nullable = (...names: readonly string[]): Record<string, Shape> =>
  Object.fromEntries(names.map((name) => [name, orNull(anything)]));

/** https://platform.openai.com/docs/api-reference/responses/object */
export const RESPONSE: Shape = fields(
  {
    id: words,
    object: oneOf('response'),
    created_at: count,
    status: oneOf('completed', 'failed', 'in_progress', 'cancelled', 'queued', 'incomplete'),
    error: orNull(fields({ code: text, message: text })),
    incomplete_details: orNull(fields({ reason: oneOf('max_output_tokens', 'content_filter') })),
    model: words,
    output: listOf(item),
    parallel_tool_calls: flag,
    tool_choice: anything,
    tools: listOf(anything),
  },
  {
    ...nullable('instructions', 'metadata', 'reasoning', 'text', 'previous_response_id', 'service_tier', 'truncation'),
    ...nullable('prompt', 'prompt_cache_key', 'prompt_cache_retention', 'safety_identifier', 'user', 'max_tool_calls'),
    ...nullable('conversation', 'completed_at', 'top_logprobs'),
    background: orNull(flag),
    store: orNull(flag),
    max_output_tokens: orNull(count),
    temperature: orNull(number),
    top_p: orNull(number),
    presence_penalty: number,
    frequency_penalty: number,
    usage: orNull(
      fields({
        input_tokens: count,
        input_tokens_details: fields({ cached_tokens: count }, { cache_write_tokens: count }),
        output_tokens: count,
        output_tokens_details: fields({ reasoning_tokens: count }),
        total_tokens: count,
      }),
    ),
  },
);

const numbered = (required: Record<string, Shape>, optional: Record<string, Shape> = {}): Shape =>
  fields({ sequence_number: count, ...required }, optional);
const place = { output_index: count };
const own = { ...place, item_id: words };
const inContent = { ...own, content_index: count };
const inSummary = { ...own, summary_index: count };
const spoken = { logprobs: listOf(anything), obfuscation: text };

/** https://platform.openai.com/docs/api-reference/responses-streaming */
export const RESPONSE_EVENT: Shape = tagged('type', {
  'response.created': numbered({ response: RESPONSE }),
  'response.in_progress': numbered({ response: RESPONSE }),
  'response.completed': numbered({ response: RESPONSE }),
  'response.incomplete': numbered({ response: RESPONSE }),
  'response.output_item.added': numbered({ ...place, item }),
  'response.output_item.done': numbered({ ...place, item }),
  'response.content_part.added': numbered({ ...inContent, part: anything }),
  'response.content_part.done': numbered({ ...inContent, part: anything }),
  'response.output_text.delta': numbered({ ...inContent, delta: text }, spoken),
  'response.output_text.done': numbered({ ...inContent, text }, spoken),
  'response.output_text.annotation.added': numbered({ ...inContent, annotation_index: count, annotation: anything }),
  'response.custom_tool_call_input.delta': numbered({ ...own, delta: text }, { obfuscation: text }),
  'response.custom_tool_call_input.done': numbered({ ...own, input: text }),
  'response.image_generation_call.in_progress': numbered(own),
  'response.image_generation_call.generating': numbered(own),
  'response.image_generation_call.completed': numbered(own),
  'response.refusal.delta': numbered({ ...inContent, delta: text }),
  'response.refusal.done': numbered({ ...inContent, refusal: text }),
  'response.function_call_arguments.delta': numbered({ ...own, delta: text }, { obfuscation: text }),
  'response.function_call_arguments.done': numbered({ ...own, arguments: text }, { name: text }),
  'response.reasoning_summary_part.added': numbered({ ...inSummary, part: summary }),
  'response.reasoning_summary_part.done': numbered({ ...inSummary, part: summary }),
  'response.reasoning_summary_text.delta': numbered({ ...inSummary, delta: text }, { obfuscation: text }),
  'response.reasoning_summary_text.done': numbered({ ...inSummary, text }),
  'response.reasoning_text.delta': numbered({ ...inContent, delta: text }, { obfuscation: text }),
  'response.reasoning_text.done': numbered({ ...inContent, text }),
});

/** As of Chat Completions. */
export { CHAT_ERROR as RESPONSES_ERROR } from './chat-answer.shape.js';
