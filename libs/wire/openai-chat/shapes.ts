import { BOOLEAN, LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions and signatures. */
export const FORMAT = 'openai-chat';

/** Fields of `POST /v1/chat/completions` that have a place in the canonical model. */
export const REQUEST = shape({
  model: STRING,
  messages: LIST,
  stream: BOOLEAN,
  stream_options: OBJECT,
  max_tokens: NUMBER,
  max_completion_tokens: NUMBER,
  n: NUMBER,
  temperature: NUMBER,
  top_p: NUMBER,
  top_k: NUMBER,
  presence_penalty: NUMBER,
  frequency_penalty: NUMBER,
  seed: NUMBER,
  random_seed: NUMBER,
  logprobs: BOOLEAN,
  top_logprobs: NUMBER,
  logit_bias: OBJECT,
  stop: STRING | LIST,
  tools: LIST,
  tool_choice: STRING | OBJECT,
  parallel_tool_calls: BOOLEAN,
  response_format: OBJECT,
  reasoning_effort: STRING,
  reasoning: OBJECT,
  thinking: OBJECT,
  verbosity: STRING,
  modalities: LIST,
  audio: OBJECT,
  user: STRING,
  safety_identifier: STRING,
  metadata: OBJECT,
  service_tier: STRING,
  store: BOOLEAN,
  prompt_cache_key: STRING,
  prompt_cache_retention: STRING,
  web_search_options: OBJECT,
});

export const MESSAGE = shape({
  role: STRING,
  content: STRING | LIST,
  name: STRING,
  refusal: STRING,
  tool_calls: LIST,
  tool_call_id: STRING,
  reasoning_content: STRING,
  reasoning: STRING,
  reasoning_details: LIST,
  audio: OBJECT,
  annotations: LIST,
  images: LIST,
});

/** Cloudflare parses structured output itself. */
export const ANSWERED_MESSAGE = shape({ ...MESSAGE, content: STRING | LIST | OBJECT });
/** Content parts by type. */
export const TEXT_PART = shape({ type: STRING, text: STRING, cache_control: OBJECT });
export const IMAGE_PART = shape({ type: STRING, image_url: STRING | OBJECT, cache_control: OBJECT });
export const IMAGE_URL = shape({ url: STRING, detail: STRING });
export const AUDIO_PART = shape({ type: STRING, input_audio: STRING | OBJECT, cache_control: OBJECT });
export const INPUT_AUDIO = shape({ data: STRING, format: STRING });
export const FILE_PART = shape({ type: STRING, file: OBJECT, cache_control: OBJECT });
export const FILE = shape({ file_id: STRING, file_data: STRING, filename: STRING });
export const DOCUMENT_PART = shape({ type: STRING, document_url: STRING, document_name: STRING });
export const VIDEO_PART = shape({ type: STRING, video_url: STRING | OBJECT, cache_control: OBJECT });
export const VIDEO_URL = shape({ url: STRING });
export const REFUSAL_PART = shape({ type: STRING, refusal: STRING });
export const THINKING_PART = shape({ type: STRING, thinking: LIST });
export const CACHE_CONTROL = shape({ type: STRING, ttl: STRING });

export const TOOL_CALL = shape({ id: STRING, type: STRING, function: OBJECT, custom: OBJECT, index: NUMBER });
/** Of a call whose `extra_content` holds its signature. */
export const SIGNED_TOOL_CALL = shape({ ...TOOL_CALL, extra_content: OBJECT });
export const SPOKEN_AUDIO = shape({ id: STRING, data: STRING, transcript: STRING });
export const CALLED_FUNCTION = shape({ name: STRING, arguments: STRING | OBJECT });
export const CALLED_CUSTOM = shape({ name: STRING, input: STRING });
export const REASONING_DETAIL = shape({
  index: NUMBER,
  type: STRING,
  text: STRING,
  summary: STRING,
  data: STRING,
  signature: STRING,
  format: STRING,
  id: STRING,
});

export const TOOL = shape({ type: STRING, function: OBJECT, custom: OBJECT, cache_control: OBJECT });
export const FUNCTION = shape({ name: STRING, description: STRING, parameters: OBJECT, strict: BOOLEAN });
export const CUSTOM = shape({ name: STRING, description: STRING, format: OBJECT });
export const JSON_SCHEMA = shape({ name: STRING, description: STRING, schema: OBJECT, strict: BOOLEAN });

export const ANSWER = shape({
  id: STRING,
  model: STRING,
  created: NUMBER,
  choices: LIST,
  usage: OBJECT,
  service_tier: STRING,
});
export const CHOICE = shape({ index: NUMBER, message: OBJECT, finish_reason: STRING, logprobs: OBJECT });
export const ANNOTATION = shape({ type: STRING, url_citation: OBJECT });
export const URL_CITATION = shape({ url: STRING, title: STRING, start_index: NUMBER, end_index: NUMBER });
export const LOGPROBS = shape({ content: LIST, refusal: LIST });
