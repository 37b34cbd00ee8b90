/**
 * What docs/conversion.md asks of every format: one thing at a time, put into a request or an answer that has nothing else.
 * Each row: its name in the canonical model, and what it adds.
 */
const user = (parts) => ({ messages: [{ role: 'user', parts }] });
const text = (value) => ({ type: 'text', text: value });
const data = (mediaType) => ({ kind: 'data', data: 'AAAA', mediaType });
const call = { type: 'tool-call', id: 'call_1', name: 'f', arguments: '{"a":1}' };
const history = (assistant, result) => ({
  messages: [
    { role: 'user', parts: [text('hi')] },
    { role: 'assistant', parts: assistant },
    ...(result === undefined ? [] : [{ role: 'tool', parts: [result] }]),
  ],
  ...tools({}),
});
const result = (more) => ({ type: 'tool-result', callId: 'call_1', name: 'f', content: [text('done')], ...more });

function tools(more) {
  return { tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, ...more }] };
}

const builtin = (tool, settings) => ({ tools: [{ type: 'builtin', tool, settings }] });
const schema = (more) => ({
  responseFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object', properties: {} }, ...more },
});
const cache = (more) => ({ promptCache: { mode: 'best-effort', ...more } });

export const BASE_REQUEST = {
  model: 'm',
  messages: [{ role: 'user', parts: [text('hi')] }],
  generation: { maxOutputTokens: 9000 },
  stream: false,
};

/** [name, what it adds, what it is compared with] */
export const REQUEST_PROBES = [
  ['messages: system', { messages: [{ role: 'system', parts: [text('Be terse.')] }, ...BASE_REQUEST.messages] }],
  ['messages: developer', { messages: [{ role: 'developer', parts: [text('Be terse.')] }, ...BASE_REQUEST.messages] }],
  [
    'messages: system between others',
    {
      messages: [
        ...BASE_REQUEST.messages,
        { role: 'assistant', parts: [text('yes?')] },
        { role: 'system', parts: [text('Be terse.')] },
        ...BASE_REQUEST.messages,
      ],
    },
  ],
  ['message.name', { messages: [{ role: 'user', name: 'ann', parts: [text('hi')] }] }],
  ['image by URL', user([{ type: 'image', source: { kind: 'url', url: 'https://x/y.png', mediaType: 'image/png' } }])],
  ['image by data', user([{ type: 'image', source: data('image/png') }])],
  ['image by file id', user([{ type: 'image', source: { kind: 'file-id', fileId: 'f1' } }])],
  ['image.detail', user([{ type: 'image', source: data('image/png'), detail: 'high' }])],
  ['audio', user([{ type: 'audio', source: data('audio/wav') }])],
  ['video', user([{ type: 'video', source: { kind: 'url', url: 'https://x/y.mp4', mediaType: 'video/mp4' } }])],
  ['document by data (PDF)', user([{ type: 'file', source: data('application/pdf'), filename: 'a.pdf' }])],
  ['document by URL', user([{ type: 'file', source: { kind: 'url', url: 'https://x/y.pdf' } }])],
  ['document as text', user([{ type: 'file', source: { kind: 'text', text: 'words' }, title: 'a' }])],
  ['document by file id', user([{ type: 'file', source: { kind: 'file-id', fileId: 'f1' } }])],
  ['file.context', user([{ type: 'file', source: data('application/pdf'), filename: 'a.pdf', context: 'about' }])],
  ['file.citable', user([{ type: 'file', source: data('application/pdf'), filename: 'a.pdf', citable: true }])],
  ['tool call', history([call])],
  ['tool call, arguments no JSON', history([{ ...call, arguments: '{"a":' }])],
  [
    'tool call with signature of Gemini',
    history([{ ...call, signature: { origin: 'gemini-generate-content', value: 's' } }]),
  ],
  ['tool result', history([call], result({}))],
  [
    'tool result with image',
    history([call], result({ content: [text('see'), { type: 'image', source: data('image/png') }] })),
  ],
  ['tool result with JSON', history([call], result({ content: [{ type: 'json', value: { a: 1 } }] }))],
  ['tool result, isError', history([call], result({ isError: true }))],
  [
    'reasoning, signed by this format',
    (id) => history([{ type: 'reasoning', text: 'hm', signature: { origin: id, value: 's' } }, text('yes')]),
  ],
  [
    'reasoning, signed by another',
    history([{ type: 'reasoning', text: 'hm', signature: { origin: 'cohere-chat', value: 's' } }, text('yes')]),
  ],
  [
    'reasoning, hidden',
    (id) =>
      history([{ type: 'reasoning', text: '', redacted: true, encrypted: { origin: id, value: 's' } }, text('yes')]),
  ],
  ['refusal', history([{ type: 'refusal', text: 'no' }])],
  ['text.citations', history([{ ...text('yes'), citations: [{ kind: 'url', url: 'https://x' }] }])],
  ['cache breakpoint on a part', user([{ ...text('hi'), cache: { ttl: '1h' } }])],
  ['cache breakpoint on a tool', tools({ cache: {} })],
  ['tools: function', tools({ description: 'does' })],
  ['tool.strict', tools({ strict: true })],
  ['tools: custom', { tools: [{ type: 'custom', name: 'c', description: 'does' }] }],
  ['tools: web search', builtin('web-search', {})],
  ['tools: web search, settings', builtin('web-search', { allowedDomains: ['x.org'], maxUses: 2, contextSize: 'low' })],
  ['tools: web fetch', builtin('web-fetch', {})],
  ['tools: code execution', builtin('code-execution', {})],
  ['tools: file search', builtin('file-search', { stores: ['vs_1'] })],
  ['tools: computer use', builtin('computer-use', {})],
  ['tools: image generation', builtin('image-generation', {})],
  ['tools: maps', builtin('maps', {})],
  ['tools: MCP server', builtin('mcp', { server: { label: 's', url: 'https://x/mcp' } })],
  ['toolChoice: auto', { ...tools({}), toolChoice: { mode: 'auto' } }],
  ['toolChoice: none', { ...tools({}), toolChoice: { mode: 'none' } }],
  ['toolChoice: required', { ...tools({}), toolChoice: { mode: 'required' } }],
  ['toolChoice: one tool', { ...tools({}), toolChoice: { mode: 'tool', name: 'f' } }],
  ['toolChoice: some tools', { ...tools({}), toolChoice: { mode: 'allowed', names: ['f'], required: true } }],
  ['parallelToolCalls: false', { ...tools({}), parallelToolCalls: false }],
  ['responseFormat: JSON', { responseFormat: { type: 'json' } }],
  ['responseFormat: JSON schema', schema({})],
  ['responseFormat.strict', schema({ strict: true })],
  ['reasoning.enabled: false', { reasoning: { enabled: false } }],
  ['reasoning.effort', { reasoning: { effort: 'medium' } }],
  ['reasoning.budgetTokens', { reasoning: { budgetTokens: 2048 } }],
  ['reasoning.summary', { reasoning: { effort: 'medium', summary: 'auto' } }],
  ['reasoning.visible: false', { reasoning: { effort: 'medium', visible: false } }],
  ['generation.maxOutputTokens', { generation: { maxOutputTokens: 64 } }],
  ['generation.temperature', generation({ temperature: 0.2 })],
  ['generation.topP', generation({ topP: 0.9 })],
  ['generation.topK', generation({ topK: 40 })],
  ['generation.stop', generation({ stop: ['END'] })],
  ['generation.presencePenalty', generation({ presencePenalty: 0.5 })],
  ['generation.frequencyPenalty', generation({ frequencyPenalty: 0.5 })],
  ['generation.seed', generation({ seed: 7 })],
  ['generation.choices', generation({ choices: 2 })],
  ['generation.logprobs, topLogprobs', generation({ logprobs: true, topLogprobs: 2 })],
  ['generation.logitBias', generation({ logitBias: { 50256: -100 } })],
  ['generation.verbosity', generation({ verbosity: 'low' })],
  ['modalities', { modalities: ['text', 'image'] }],
  ['audioOutput', { modalities: ['text', 'audio'], audioOutput: { voice: 'alloy', format: 'mp3' } }],
  ['safety', { safety: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }] }],
  ['promptCache.key', cache({ key: 'k' })],
  ['promptCache.retention', cache({ retention: 'long' })],
  ['promptCache.breakpoint: end of tools', { ...tools({}), ...cache({ breakpoint: { at: 'end-of-tools' } }) }],
  ['metadata', { metadata: { team: 'a' } }],
  ['user', { user: 'u-1' }],
  ['serviceTier', { serviceTier: 'flex' }],
  ['store: true', { store: true }],
  ['stream', { stream: true }],
  ['an extension of another format', { extensions: { 'ollama-chat': { keep_alive: '5m' } } }],
];

function generation(more) {
  return { generation: { ...BASE_REQUEST.generation, ...more } };
}

export const BASE_ANSWER = {
  id: 'a-1',
  model: 'm',
  created: 1,
  choices: [{ index: 0, parts: [text('hi')], finish: { reason: 'stop' } }],
  usage: null,
};

const said = (...parts) => ({ choices: [{ index: 0, parts, finish: { reason: 'stop' } }] });

export const ANSWER_PROBES = [
  ['text', said(text('yes'))],
  [
    'text.citations: URL',
    said({ ...text('hi'), citations: [{ kind: 'url', url: 'https://x', title: 't', quote: 'q' }] }),
  ],
  [
    'text.citations: document',
    said({ ...text('hi'), citations: [{ kind: 'document', documentIndex: 0, quote: 'q' }] }),
  ],
  ['tool call', { choices: [{ index: 0, parts: [call], finish: { reason: 'tool-calls' } }] }],
  ['reasoning', said({ type: 'reasoning', text: 'hm' }, text('hi'))],
  ['reasoning.summary', said({ type: 'reasoning', text: '', summary: ['hm'] }, text('hi'))],
  [
    'reasoning.signature of another format',
    said({ type: 'reasoning', text: 'hm', signature: { origin: 'bedrock-converse', value: 's' } }, text('hi')),
  ],
  [
    'reasoning, hidden, of another format',
    said(
      { type: 'reasoning', text: '', redacted: true, encrypted: { origin: 'bedrock-converse', value: 's' } },
      text('hi'),
    ),
  ],
  ['refusal', said({ type: 'refusal', text: 'no' })],
  ['image', said(text('hi'), { type: 'image', source: data('image/png') })],
  ['audio', said({ type: 'audio', source: data('audio/wav'), transcript: 'hi', id: 'x' })],
  [
    'builtin call',
    said(text('hi'), { type: 'builtin-call', tool: 'web-search', id: 'b', name: 'web_search', arguments: '{}' }),
  ],
  [
    'second choice',
    { choices: [...BASE_ANSWER.choices, { index: 1, parts: [text('ho')], finish: { reason: 'stop' } }] },
  ],
  [
    'logprobs',
    { choices: [{ ...BASE_ANSWER.choices[0], logprobs: { content: [{ token: 'hi', logprob: -0.1, top: [] }] } }] },
  ],
  [
    'finish.stopSequence',
    { choices: [{ ...BASE_ANSWER.choices[0], finish: { reason: 'stop', stopSequence: 'END' } }] },
  ],
];

export const REASONS = [
  'stop',
  'length',
  'tool-calls',
  'content-filter',
  'refusal',
  'pause',
  'cancelled',
  'error',
  'other',
];
