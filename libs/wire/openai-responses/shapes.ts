import { ANY, BOOLEAN, LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions and signatures. */
export const FORMAT = 'openai-responses';

/** What `include` asks for. */
export const INCLUDE_THOUGHTS = 'reasoning.encrypted_content';
export const INCLUDE_LOGPROBS = 'message.output_text.logprobs';

/** Fields of `POST /v1/responses` that have a place in the canonical model. */
export const REQUEST = shape({
  model: STRING,
  input: STRING | LIST,
  instructions: STRING,
  tools: LIST,
  tool_choice: STRING | OBJECT,
  parallel_tool_calls: BOOLEAN,
  text: OBJECT,
  reasoning: OBJECT,
  max_output_tokens: NUMBER,
  temperature: NUMBER,
  top_p: NUMBER,
  top_logprobs: NUMBER,
  presence_penalty: NUMBER,
  frequency_penalty: NUMBER,
  include: LIST,
  stream: BOOLEAN,
  store: BOOLEAN,
  metadata: OBJECT,
  user: STRING,
  safety_identifier: STRING,
  service_tier: STRING,
  prompt_cache_key: STRING,
  prompt_cache_retention: STRING,
});
export const TEXT_OPTIONS = shape({ format: OBJECT, verbosity: STRING });
export const REASONING_OPTIONS = shape({ effort: STRING, summary: STRING });

/** Items by type. `id` and `status` are told in the form. */
export const MESSAGE = shape({ type: STRING, id: STRING, status: STRING, role: STRING, content: STRING | LIST });
export const FUNCTION_CALL = shape({
  type: STRING,
  id: STRING,
  status: STRING,
  call_id: STRING,
  name: STRING,
  arguments: STRING,
});
export const CUSTOM_CALL = shape({
  type: STRING,
  id: STRING,
  status: STRING,
  call_id: STRING,
  name: STRING,
  input: STRING,
});
export const CALL_OUTPUT = shape({ type: STRING, id: STRING, status: STRING, call_id: STRING, output: STRING | LIST });
export const REASONING = shape({
  type: STRING,
  id: STRING,
  status: STRING,
  summary: LIST,
  content: LIST,
  encrypted_content: STRING,
});
export const IMAGE_CALL = shape({ type: STRING, id: STRING, status: STRING, result: STRING, output_format: STRING });

/** Parts of content by type. */
export const TEXT_PART = shape({ type: STRING, text: STRING });
export const OUTPUT_TEXT = shape({ type: STRING, text: STRING, annotations: LIST, logprobs: LIST });
export const REFUSAL_PART = shape({ type: STRING, refusal: STRING });
export const IMAGE_PART = shape({ type: STRING, image_url: STRING, file_id: STRING, detail: STRING });
export const FILE_PART = shape({
  type: STRING,
  file_id: STRING,
  file_data: STRING,
  file_url: STRING,
  filename: STRING,
});
export const AUDIO_PART = shape({ type: STRING, input_audio: OBJECT });
export const INPUT_AUDIO = shape({ data: STRING, format: STRING });
export const ANNOTATION = shape({
  type: STRING,
  url: STRING,
  title: STRING,
  file_id: STRING,
  filename: STRING,
  start_index: NUMBER,
  end_index: NUMBER,
});

export const FUNCTION_TOOL = shape({
  type: STRING,
  name: STRING,
  description: STRING,
  parameters: OBJECT,
  strict: BOOLEAN,
});
export const CUSTOM_TOOL = shape({ type: STRING, name: STRING, description: STRING, format: OBJECT });
export const JSON_SCHEMA = shape({ type: STRING, name: STRING, description: STRING, schema: OBJECT, strict: BOOLEAN });

/** Fields of a response that say something of the answer. */
export const ANSWER = shape({
  object: STRING,
  id: STRING,
  model: STRING,
  created_at: NUMBER,
  status: STRING,
  incomplete_details: OBJECT,
  output: LIST,
  usage: OBJECT,
  service_tier: STRING,
});

/** Those that repeat the request, or tell of the provider's clock and books. */
export const ECHO = shape({
  instructions: ANY,
  tools: ANY,
  tool_choice: ANY,
  parallel_tool_calls: ANY,
  max_tool_calls: ANY,
  temperature: ANY,
  top_p: ANY,
  top_logprobs: ANY,
  presence_penalty: ANY,
  frequency_penalty: ANY,
  max_output_tokens: ANY,
  text: ANY,
  reasoning: ANY,
  truncation: ANY,
  metadata: ANY,
  previous_response_id: ANY,
  conversation: ANY,
  prompt: ANY,
  store: ANY,
  background: ANY,
  user: ANY,
  safety_identifier: ANY,
  prompt_cache_key: ANY,
  prompt_cache_retention: ANY,
  prompt_cache_options: ANY,
  completed_at: ANY,
  billing: ANY,
  tool_usage: ANY,
});
