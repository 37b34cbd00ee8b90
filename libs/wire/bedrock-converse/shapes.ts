import { ANY, BOOLEAN, LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions and signatures. */
export const FORMAT = 'bedrock-converse';

/** Fields of `POST /model/{modelId}/converse` that have a place in the canonical model. */
export const REQUEST = shape({
  modelId: STRING,
  messages: LIST,
  system: LIST,
  inferenceConfig: OBJECT,
  toolConfig: OBJECT,
  outputConfig: OBJECT,
  additionalModelRequestFields: OBJECT,
  requestMetadata: OBJECT,
  serviceTier: OBJECT,
});

export const MESSAGE = shape({ role: STRING, content: LIST });
export const INFERENCE = shape({ maxTokens: NUMBER, temperature: NUMBER, topP: NUMBER, stopSequences: LIST });
export const TIER = shape({ type: STRING });
export const CACHE_POINT = shape({ type: STRING, ttl: STRING });

/** The members of content blocks. */
export const MEDIA = shape({ format: STRING, source: OBJECT });
export const S3_LOCATION = shape({ uri: STRING });
export const DOCUMENT = shape({
  format: STRING,
  name: STRING,
  source: OBJECT,
  context: STRING,
  citations: OBJECT,
});
export const CITABLE = shape({ enabled: BOOLEAN });
export const SEARCH_RESULT = shape({ title: STRING, content: LIST, citations: OBJECT });
export const TOOL_USE = shape({ toolUseId: STRING, name: STRING, input: ANY, type: STRING });
export const TOOL_RESULT = shape({ toolUseId: STRING, content: LIST, status: STRING, type: STRING });
export const REASONING_TEXT = shape({ text: STRING, signature: STRING });
export const CITED = shape({ content: LIST, citations: LIST });
export const GUARDED_TEXT = shape({ text: STRING });

export const TOOL_CONFIG = shape({ tools: LIST, toolChoice: OBJECT });
export const TOOL_SPEC = shape({ name: STRING, description: STRING, inputSchema: OBJECT, strict: BOOLEAN });
export const INPUT_SCHEMA = shape({ json: OBJECT });
export const SYSTEM_TOOL = shape({ name: STRING });
export const CHOSEN_TOOL = shape({ name: STRING });
export const NOTHING = shape({});

export const OUTPUT_CONFIG = shape({ textFormat: OBJECT });
export const TEXT_FORMAT = shape({ type: STRING, structure: OBJECT });
export const STRUCTURE = shape({ jsonSchema: OBJECT });
export const JSON_SCHEMA = shape({ schema: STRING, name: STRING, description: STRING });

/** Fields of `additionalModelRequestFields` of Anthropic's, Amazon's and OpenAI's models. */
export const ADDITIONAL = shape({
  thinking: OBJECT,
  reasoning_config: OBJECT,
  reasoningConfig: OBJECT,
  reasoning_effort: STRING,
  output_config: OBJECT,
  inferenceConfig: OBJECT,
  top_k: NUMBER,
});
export const THINKING = shape({ type: STRING, budget_tokens: NUMBER, display: STRING });
export const NOVA_REASONING = shape({ type: STRING, maxReasoningEffort: STRING });
export const EFFORT = shape({ effort: STRING });
export const NOVA_INFERENCE = shape({ topK: NUMBER });

export const ANSWER = shape({
  output: OBJECT,
  stopReason: STRING,
  usage: OBJECT,
  serviceTier: OBJECT,
  additionalModelResponseFields: OBJECT,
});
export const OUTPUT = shape({ message: OBJECT });
export const STOPPED_AT = shape({ stop_sequence: STRING });
