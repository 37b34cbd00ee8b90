import { ANY, BOOLEAN, LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions and signatures. */
export const FORMAT = 'ollama-chat';

/** Fields of `POST /api/chat` that have a place in the canonical model. */
export const REQUEST = shape({
  model: STRING,
  messages: LIST,
  stream: BOOLEAN,
  tools: LIST,
  format: STRING | OBJECT,
  options: OBJECT,
  think: BOOLEAN | STRING,
  logprobs: BOOLEAN,
  top_logprobs: NUMBER,
});

/** Of its `options`. */
export const OPTIONS = shape({
  num_predict: NUMBER,
  temperature: NUMBER,
  top_p: NUMBER,
  top_k: NUMBER,
  stop: STRING | LIST,
  presence_penalty: NUMBER,
  frequency_penalty: NUMBER,
  seed: NUMBER,
});

export const MESSAGE = shape({
  role: STRING,
  content: STRING,
  thinking: STRING,
  images: LIST,
  tool_calls: LIST,
  tool_name: STRING,
  tool_call_id: STRING,
});

export const TOOL_CALL = shape({ id: STRING, type: STRING, function: OBJECT });
export const CALLED_FUNCTION = shape({ index: NUMBER, name: STRING, arguments: ANY });
export const TOOL = shape({ type: STRING, function: OBJECT });
export const FUNCTION = shape({ name: STRING, description: STRING, parameters: OBJECT });

/** What an answer counts, tokens and nanoseconds: its usage block, which stands among the other fields. */
export const COUNTS = [
  'total_duration',
  'load_duration',
  'prompt_eval_count',
  'prompt_eval_cached_count',
  'prompt_eval_duration',
  'eval_count',
  'eval_duration',
] as const;

/** An answer, and a line of a stream. */
export const ANSWER = shape({
  model: STRING,
  created_at: STRING,
  message: OBJECT,
  done: BOOLEAN,
  done_reason: STRING,
  logprobs: LIST,
  ...Object.fromEntries(COUNTS.map((name) => [name, NUMBER])),
});
