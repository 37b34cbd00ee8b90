import type { FormatId } from '../../../libs/protocol/index.js';
import type { RequestOrigin } from '../../../libs/wire/index.js';

/** A rich request, answer and error of one format, as its vendor documents them. */
export interface SampleBodies {
  readonly request: object;
  /** What the URL says of the request. */
  readonly origin?: RequestOrigin;
  readonly answer: object;
  readonly error: object;
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQImWNwav0CAALIAbzDqqRyAAAAAElFTkSuQmCC';
const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const TOOL = { name: 'weather', description: 'Weather of a city' };

const OPENAI_CHAT: SampleBodies = {
  request: {
    model: 'm',
    messages: [
      { role: 'system', content: 'Be terse.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}`, detail: 'low' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'call_0', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } },
          { id: 'call_1', type: 'function', function: { name: 'weather', arguments: 'no JSON' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_0', content: 'Sunny' },
      { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'What?' }] },
    ],
    tools: [{ type: 'function', function: { ...TOOL, parameters: SCHEMA, strict: true } }],
    tool_choice: { type: 'function', function: { name: 'weather' } },
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: SCHEMA, strict: true } },
    temperature: 0.2,
    top_p: 0.9,
    max_completion_tokens: 100,
    stop: ['END'],
    seed: 7,
    n: 1,
    reasoning_effort: 'low',
    parallel_tool_calls: false,
    stream: true,
    stream_options: { include_usage: true },
  },
  answer: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'm',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Grüße 🙂',
          refusal: null,
          reasoning_content: 'Hm.',
          tool_calls: [{ id: 'call_0', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } }],
        },
        logprobs: { content: [{ token: 'G', logprob: -0.1, bytes: [71], top_logprobs: [] }], refusal: null },
        finish_reason: 'tool_calls',
      },
    ],
    usage: {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 2 },
    },
  },
  error: { error: { message: 'Bad', type: 'invalid_request_error', param: 'messages', code: 'bad' } },
};

const RESPONSES: SampleBodies = {
  request: {
    model: 'm',
    instructions: 'Be terse.',
    input: [
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is this?' },
          { type: 'input_image', image_url: `data:image/png;base64,${PIXEL}`, detail: 'low' },
        ],
      },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'abc' },
      { type: 'function_call', call_id: 'call_0', name: 'weather', arguments: '{"city":"Bonn"}' },
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: 'no JSON' },
      { type: 'function_call_output', call_id: 'call_0', output: 'Sunny' },
      { type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_text', text: 'What?' }] },
    ],
    tools: [{ type: 'function', ...TOOL, parameters: SCHEMA, strict: true }],
    tool_choice: { type: 'function', name: 'weather' },
    text: { format: { type: 'json_schema', name: 'answer', schema: SCHEMA, strict: true } },
    reasoning: { effort: 'low', summary: 'auto' },
    temperature: 0.2,
    top_p: 0.9,
    max_output_tokens: 100,
    parallel_tool_calls: false,
    store: false,
    stream: true,
  },
  answer: {
    id: 'resp_1',
    object: 'response',
    created_at: 1_700_000_000,
    status: 'completed',
    model: 'm',
    output: [
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'abc' },
      {
        type: 'message',
        id: 'msg_1',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Grüße 🙂', annotations: [], logprobs: [] }],
      },
      {
        type: 'function_call',
        id: 'fc_1',
        call_id: 'call_0',
        name: 'weather',
        arguments: '{"city":"Bonn"}',
        status: 'completed',
      },
    ],
    usage: {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 3 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 15,
    },
  },
  error: { error: { message: 'Bad', type: 'invalid_request_error', param: 'input', code: 'bad' } },
};

const ANTHROPIC: SampleBodies = {
  request: {
    model: 'm',
    max_tokens: 100,
    system: [{ type: 'text', text: 'Be terse.', cache_control: { type: 'ephemeral' } }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'abc' },
          { type: 'tool_use', id: 'call_0', name: 'weather', input: { city: 'Bonn' } },
        ],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'call_0', content: [{ type: 'text', text: 'Sunny' }] }],
      },
    ],
    tools: [{ ...TOOL, input_schema: SCHEMA }],
    tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true },
    thinking: { type: 'enabled', budget_tokens: 1024 },
    temperature: 0.2,
    top_p: 0.9,
    top_k: 5,
    stop_sequences: ['END'],
    metadata: { user_id: 'u' },
    stream: true,
  },
  answer: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [
      { type: 'thinking', thinking: 'Hm.', signature: 'abc' },
      { type: 'text', text: 'Grüße 🙂' },
      { type: 'tool_use', id: 'call_0', name: 'weather', input: { city: 'Bonn' } },
    ],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 3, cache_creation_input_tokens: 0 },
  },
  error: { type: 'error', error: { type: 'invalid_request_error', message: 'Bad' }, request_id: 'req_1' },
};

const GEMINI: SampleBodies = {
  request: {
    systemInstruction: { parts: [{ text: 'Be terse.' }] },
    contents: [
      { role: 'user', parts: [{ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: PIXEL } }] },
      {
        role: 'model',
        parts: [
          { text: 'Hm.', thought: true },
          { functionCall: { id: 'call_0', name: 'weather', args: { city: 'Bonn' } }, thoughtSignature: 'YWJj' },
        ],
      },
      {
        role: 'user',
        parts: [{ functionResponse: { id: 'call_0', name: 'weather', response: { output: 'Sunny' } } }],
      },
    ],
    tools: [{ functionDeclarations: [{ ...TOOL, parameters: SCHEMA }] }],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } },
    generationConfig: {
      temperature: 0.2,
      topP: 0.9,
      topK: 5,
      maxOutputTokens: 100,
      stopSequences: ['END'],
      responseMimeType: 'application/json',
      responseSchema: SCHEMA,
      thinkingConfig: { includeThoughts: true, thinkingBudget: 512 },
    },
    safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
  },
  origin: { model: 'm', stream: true },
  answer: {
    candidates: [
      {
        content: {
          role: 'model',
          parts: [
            { text: 'Hm.', thought: true },
            { text: 'Grüße 🙂' },
            { functionCall: { id: 'call_0', name: 'weather', args: { city: 'Bonn' } } },
          ],
        },
        finishReason: 'STOP',
        index: 0,
      },
    ],
    usageMetadata: {
      promptTokenCount: 10,
      candidatesTokenCount: 5,
      totalTokenCount: 17,
      thoughtsTokenCount: 2,
      cachedContentTokenCount: 3,
    },
    modelVersion: 'm',
    responseId: 'r_1',
  },
  error: { error: { code: 400, message: 'Bad', status: 'INVALID_ARGUMENT', details: [] } },
};

const BEDROCK: SampleBodies = {
  request: {
    system: [{ text: 'Be terse.' }, { cachePoint: { type: 'default' } }],
    messages: [
      {
        role: 'user',
        content: [{ text: 'What is this?' }, { image: { format: 'png', source: { bytes: PIXEL } } }],
      },
      {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'abc' } } },
          { toolUse: { toolUseId: 'call_0', name: 'weather', input: { city: 'Bonn' } } },
        ],
      },
      {
        role: 'user',
        content: [{ toolResult: { toolUseId: 'call_0', content: [{ text: 'Sunny' }], status: 'success' } }],
      },
    ],
    toolConfig: {
      tools: [{ toolSpec: { ...TOOL, inputSchema: { json: SCHEMA } } }],
      toolChoice: { tool: { name: 'weather' } },
    },
    inferenceConfig: { maxTokens: 100, temperature: 0.2, topP: 0.9, stopSequences: ['END'] },
    additionalModelRequestFields: { top_k: 5 },
  },
  origin: { model: 'm', stream: true },
  answer: {
    output: {
      message: {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'abc' } } },
          { text: 'Grüße 🙂' },
          { toolUse: { toolUseId: 'call_0', name: 'weather', input: { city: 'Bonn' } } },
        ],
      },
    },
    stopReason: 'tool_use',
    usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15, cacheReadInputTokens: 3 },
    metrics: { latencyMs: 1 },
  },
  error: { message: 'Bad' },
};

const COHERE: SampleBodies = {
  request: {
    model: 'm',
    messages: [
      { role: 'system', content: 'Be terse.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
        ],
      },
      {
        role: 'assistant',
        tool_plan: 'Hm.',
        tool_calls: [{ id: 'call_0', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } }],
      },
      { role: 'tool', tool_call_id: 'call_0', content: [{ type: 'document', document: { data: 'Sunny' } }] },
    ],
    tools: [{ type: 'function', function: { ...TOOL, parameters: SCHEMA } }],
    tool_choice: 'REQUIRED',
    response_format: { type: 'json_object', json_schema: SCHEMA },
    temperature: 0.2,
    p: 0.9,
    k: 5,
    max_tokens: 100,
    stop_sequences: ['END'],
    seed: 7,
    stream: true,
  },
  answer: {
    id: 'c_1',
    message: {
      role: 'assistant',
      tool_plan: 'Hm.',
      content: [{ type: 'text', text: 'Grüße 🙂' }],
      tool_calls: [{ id: 'call_0', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } }],
    },
    finish_reason: 'TOOL_CALL',
    usage: { billed_units: { input_tokens: 10, output_tokens: 5 }, tokens: { input_tokens: 10, output_tokens: 5 } },
  },
  error: { id: 'e_1', message: 'Bad' },
};

const OLLAMA: SampleBodies = {
  request: {
    model: 'm',
    messages: [
      { role: 'system', content: 'Be terse.' },
      { role: 'user', content: 'What is this?', images: [PIXEL] },
      {
        role: 'assistant',
        content: '',
        thinking: 'Hm.',
        tool_calls: [{ function: { name: 'weather', arguments: { city: 'Bonn' } } }],
      },
      { role: 'tool', content: 'Sunny', tool_name: 'weather' },
    ],
    tools: [{ type: 'function', function: { ...TOOL, parameters: SCHEMA } }],
    format: SCHEMA,
    options: { temperature: 0.2, top_p: 0.9, top_k: 5, num_predict: 100, stop: ['END'], seed: 7 },
    think: true,
    stream: true,
  },
  answer: {
    model: 'm',
    created_at: '2026-01-01T00:00:00Z',
    message: {
      role: 'assistant',
      content: 'Grüße 🙂',
      thinking: 'Hm.',
      tool_calls: [{ function: { name: 'weather', arguments: { city: 'Bonn' } } }],
    },
    done: true,
    done_reason: 'stop',
    prompt_eval_count: 10,
    eval_count: 5,
  },
  error: { error: 'Bad' },
};

export const SAMPLE_BODIES: Readonly<Record<FormatId, SampleBodies>> = {
  'openai-chat': OPENAI_CHAT,
  'openai-responses': RESPONSES,
  'anthropic-messages': ANTHROPIC,
  'gemini-generate-content': GEMINI,
  'bedrock-converse': BEDROCK,
  'cohere-chat': COHERE,
  'ollama-chat': OLLAMA,
};
