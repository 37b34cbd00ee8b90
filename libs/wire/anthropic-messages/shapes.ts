import { BOOLEAN, LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions and signatures. */
export const FORMAT = 'anthropic-messages';

/** Fields of `POST /v1/messages` that have a place in the canonical model. */
export const REQUEST = shape({
  model: STRING,
  messages: LIST,
  system: STRING | LIST,
  max_tokens: NUMBER,
  temperature: NUMBER,
  top_p: NUMBER,
  top_k: NUMBER,
  stop_sequences: LIST,
  stream: BOOLEAN,
  tools: LIST,
  tool_choice: OBJECT,
  thinking: OBJECT,
  output_config: OBJECT,
  output_format: OBJECT,
  metadata: OBJECT,
  service_tier: STRING,
  cache_control: OBJECT,
  mcp_servers: LIST,
});

export const MESSAGE = shape({ role: STRING, content: STRING | LIST });
export const CACHE_CONTROL = shape({ type: STRING, ttl: STRING });

/** Content blocks by type. */
export const TEXT = shape({ type: STRING, text: STRING, citations: LIST, cache_control: OBJECT });
export const IMAGE = shape({ type: STRING, source: OBJECT, cache_control: OBJECT });
export const SOURCE = shape({
  type: STRING,
  data: STRING,
  media_type: STRING,
  url: STRING,
  file_id: STRING,
  content: STRING | LIST,
});
export const DOCUMENT = shape({
  type: STRING,
  source: OBJECT,
  title: STRING,
  context: STRING,
  citations: OBJECT,
  cache_control: OBJECT,
});
export const CITATIONS = shape({ enabled: BOOLEAN });
export const TOOL_USE = shape({ type: STRING, id: STRING, name: STRING, input: OBJECT, cache_control: OBJECT });
export const TOOL_RESULT = shape({
  type: STRING,
  tool_use_id: STRING,
  content: STRING | LIST,
  is_error: BOOLEAN,
  cache_control: OBJECT,
});
export const THINKING = shape({ type: STRING, thinking: STRING, signature: STRING });
export const REDACTED_THINKING = shape({ type: STRING, data: STRING });
export const SERVER_TOOL_USE = shape({
  type: STRING,
  id: STRING,
  name: STRING,
  input: OBJECT,
  server_name: STRING,
  cache_control: OBJECT,
});
export const SERVER_TOOL_RESULT = shape({
  type: STRING,
  tool_use_id: STRING,
  content: STRING | LIST | OBJECT,
  is_error: BOOLEAN,
  cache_control: OBJECT,
});
export const CITATION = shape({
  type: STRING,
  cited_text: STRING,
  document_index: NUMBER,
  document_title: STRING,
  title: STRING,
  url: STRING,
  source: STRING,
  file_id: STRING,
  start_char_index: NUMBER,
  end_char_index: NUMBER,
  start_page_number: NUMBER,
  end_page_number: NUMBER,
  start_block_index: NUMBER,
  end_block_index: NUMBER,
  encrypted_index: STRING,
  search_result_index: NUMBER,
});

export const TOOL = shape({
  type: STRING,
  name: STRING,
  description: STRING,
  input_schema: OBJECT,
  strict: BOOLEAN,
  cache_control: OBJECT,
});
export const SERVER_TOOL = shape({
  type: STRING,
  name: STRING,
  allowed_domains: LIST,
  blocked_domains: LIST,
  max_uses: NUMBER,
  user_location: OBJECT,
  cache_control: OBJECT,
});
export const MCP_SERVER = shape({
  type: STRING,
  name: STRING,
  url: STRING,
  authorization_token: STRING,
  tool_configuration: OBJECT,
});
export const TOOL_CONFIGURATION = shape({ allowed_tools: LIST });
export const TOOL_CHOICE = shape({ type: STRING, name: STRING, disable_parallel_tool_use: BOOLEAN });
export const OUTPUT_CONFIG = shape({ effort: STRING, format: OBJECT });
export const OUTPUT_FORMAT = shape({ type: STRING, schema: OBJECT });
export const THINKING_CONFIG = shape({ type: STRING, budget_tokens: NUMBER, display: STRING });
export const METADATA = shape({ user_id: STRING });

export const ANSWER = shape({
  id: STRING,
  model: STRING,
  content: LIST,
  usage: OBJECT,
  stop_reason: STRING,
  stop_sequence: STRING,
});
