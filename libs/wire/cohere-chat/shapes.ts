import { ANY, BOOLEAN, LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions and signatures. */
export const FORMAT = 'cohere-chat';

/** Fields of `POST /v2/chat` that have a place in the canonical model. */
export const REQUEST = shape({
  model: STRING,
  messages: LIST,
  stream: BOOLEAN,
  tools: LIST,
  strict_tools: BOOLEAN,
  tool_choice: STRING,
  documents: LIST,
  response_format: OBJECT,
  thinking: OBJECT,
  max_tokens: NUMBER,
  stop_sequences: LIST,
  temperature: NUMBER,
  seed: NUMBER,
  frequency_penalty: NUMBER,
  presence_penalty: NUMBER,
  k: NUMBER,
  p: NUMBER,
  logprobs: BOOLEAN,
});

export const MESSAGE = shape({
  role: STRING,
  content: STRING | LIST,
  tool_plan: STRING,
  tool_calls: LIST,
  tool_call_id: STRING,
  citations: LIST,
});

/** Content by type. */
export const TEXT = shape({ type: STRING, text: STRING });
export const THINKING = shape({ type: STRING, thinking: STRING });
export const IMAGE = shape({ type: STRING, image_url: OBJECT });
export const IMAGE_URL = shape({ url: STRING, detail: STRING });
export const RESULT_DOCUMENT = shape({ type: STRING, document: OBJECT });
export const DOCUMENT = shape({ data: ANY });
export const DOCUMENT_DATA = shape({ title: STRING, text: STRING });

export const TOOL_CALL = shape({ id: STRING, type: STRING, function: OBJECT });
export const CALLED_FUNCTION = shape({ name: STRING, arguments: STRING });
export const TOOL = shape({ type: STRING, function: OBJECT });
export const FUNCTION = shape({ name: STRING, description: STRING, parameters: OBJECT });
export const THINKING_CONFIG = shape({ type: STRING, token_budget: NUMBER });
export const RESPONSE_FORMAT = shape({ type: STRING, json_schema: OBJECT, schema: OBJECT });

export const ANSWER = shape({ id: STRING, message: OBJECT, finish_reason: STRING, usage: OBJECT, logprobs: LIST });
