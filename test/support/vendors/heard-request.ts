import type { FormatId } from '../../../libs/protocol/index.js';

/** What a scripted vendor understood of a request, in no vendor's words. */
export interface HeardRequest {
  readonly instructions: string;
  /** What the user says, without images. */
  readonly questions: readonly string[];
  /** As `data:` URLs, or the URL they are at. */
  readonly images: readonly string[];
  readonly tools: readonly string[];
  /** What the model said in earlier turns. */
  readonly said: readonly string[];
  /** Calls in earlier turns. */
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  /** What came of them, as text; in their order. */
  readonly results: readonly { readonly id: string; readonly text: string }[];
  readonly thoughts: readonly { readonly text: string; readonly proof: string }[];
  /** Of the structured output that is wanted. */
  readonly schema: unknown;
  readonly maxTokens: unknown;
  /** Whether the model is to think. */
  readonly thinks: boolean;
  /** Of tools: `auto` where nothing is said. */
  readonly choice: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] };
type Notes = Mutable<HeardRequest>;
type Body = Record<string, any>;

/** Reads the body of a request as the vendor of the format does. */
export function hear(format: FormatId, body: Body): HeardRequest {
  const notes: Notes = {
    instructions: '',
    questions: [],
    images: [],
    tools: [],
    said: [],
    calls: [],
    results: [],
    thoughts: [],
    schema: undefined,
    maxTokens: undefined,
    thinks: false,
    choice: 'auto',
  };
  READERS[format]?.(body, notes);
  return {
    ...notes,
    said: notes.said.filter((text) => text !== ''),
    thoughts: notes.thoughts.filter(({ proof }) => proof !== '' && proof !== NO_PROOF),
  };
}

/** "skip thought signature validation", for calls that were not made by the vendor: https://ai.google.dev/gemini-api/docs/thought-signatures */
export const NO_PROOF = 'skip_thought_signature_validator';

const READERS: Partial<Record<FormatId, (body: Body, notes: Notes) => void>> = {
  'openai-chat': hearChat,
  'openai-responses': hearResponses,
  'anthropic-messages': hearMessages,
  'gemini-generate-content': hearGemini,
};

const choiceOf = (word: string | undefined): string => (word === 'any' ? 'required' : (word ?? 'auto'));
const listOf = (value: any): Body[] => (Array.isArray(value) ? value : []);
/** Content that may be one string or a list of parts. */
const partsOf = (content: any, type: string): Body[] =>
  typeof content === 'string' ? [{ type, text: content }] : listOf(content);
const textOf = (content: any): string =>
  partsOf(content, 'text')
    .map((part) => part['text'] as string)
    .join('');

function hearChat(body: Body, notes: Notes): void {
  for (const message of listOf(body['messages'])) {
    const { role, content } = message;
    if (role === 'system' || role === 'developer') notes.instructions += textOf(content);
    if (role === 'tool') notes.results.push({ id: message['tool_call_id'], text: textOf(content) });
    if (role === 'user') {
      for (const part of partsOf(content, 'text')) {
        if (part['type'] === 'text') notes.questions.push(part['text']);
        if (part['type'] === 'image_url') notes.images.push(part['image_url'].url);
      }
    }
    if (role !== 'assistant') continue;
    if (typeof message['reasoning_content'] === 'string')
      notes.thoughts.push({ text: message['reasoning_content'], proof: '' });
    if (content !== null && content !== undefined) notes.said.push(textOf(content));
    for (const { id, function: made } of listOf(message['tool_calls']))
      notes.calls.push({ id, name: made.name, input: JSON.parse(made.arguments) });
  }
  notes.tools = listOf(body['tools']).map((tool) => tool['function'].name);
  notes.schema = body['response_format']?.json_schema?.schema;
  notes.maxTokens = body['max_completion_tokens'] ?? body['max_tokens'];
  notes.thinks = !['none', undefined].includes(body['reasoning_effort']);
  notes.choice = choiceOf(body['tool_choice']);
}

function hearResponses(body: Body, notes: Notes): void {
  notes.instructions = (body['instructions'] as string | undefined) ?? '';
  const input = typeof body['input'] === 'string' ? [{ role: 'user', content: body['input'] }] : listOf(body['input']);
  for (const item of input) {
    const { type = 'message', role, content } = item as Body;
    if (type === 'function_call')
      notes.calls.push({ id: item['call_id'], name: item['name'], input: JSON.parse(item['arguments']) });
    if (type === 'function_call_output') notes.results.push({ id: item['call_id'], text: textOf(item['output']) });
    if (type === 'reasoning')
      notes.thoughts.push({ text: textOf(item['summary']), proof: item['encrypted_content'] ?? '' });
    if (type !== 'message') continue;
    if (role === 'system' || role === 'developer') notes.instructions += textOf(content);
    if (role === 'assistant') notes.said.push(textOf(content));
    if (role !== 'user') continue;
    for (const part of partsOf(content, 'input_text')) {
      if (part['type'] === 'input_text') notes.questions.push(part['text']);
      if (part['type'] === 'input_image') notes.images.push(part['image_url']);
    }
  }
  notes.tools = listOf(body['tools']).map((tool) => tool['name']);
  notes.schema = body['text']?.format?.schema;
  notes.maxTokens = body['max_output_tokens'];
  notes.thinks = !['none', null, undefined].includes(body['reasoning']?.effort);
  notes.choice = choiceOf(body['tool_choice']);
}

function hearMessages(body: Body, notes: Notes): void {
  notes.instructions = textOf(body['system']);
  for (const { role, content } of listOf(body['messages'])) {
    for (const part of partsOf(content, 'text')) {
      const { type } = part;
      if (type === 'text') (role === 'user' ? notes.questions : notes.said).push(part['text']);
      if (type === 'image') notes.images.push(sourceUrl(part['source']));
      if (type === 'tool_use') notes.calls.push({ id: part['id'], name: part['name'], input: part['input'] });
      if (type === 'tool_result') notes.results.push({ id: part['tool_use_id'], text: textOf(part['content']) });
      if (type === 'thinking') notes.thoughts.push({ text: part['thinking'], proof: part['signature'] });
    }
  }
  notes.tools = listOf(body['tools']).map((tool) => tool['name']);
  notes.schema = body['output_config']?.format?.schema;
  notes.maxTokens = body['max_tokens'];
  notes.thinks = ['enabled', 'adaptive'].includes(body['thinking']?.type);
  notes.choice = choiceOf(body['tool_choice']?.type);
}

const sourceUrl = (source: Body): string =>
  source['type'] === 'url' ? source['url'] : `data:${source['media_type']};base64,${source['data']}`;

function hearGemini(body: Body, notes: Notes): void {
  notes.instructions = textOf(body['systemInstruction']?.parts);
  for (const { role, parts } of listOf(body['contents'])) {
    for (const part of listOf(parts)) {
      const { text, inlineData: inline, fileData: file, functionCall: call, functionResponse: result } = part;
      const proof = (part['thoughtSignature'] as string | undefined) ?? '';
      if (proof !== '') notes.thoughts.push({ text: part['thought'] === true ? text : '', proof });
      if (text !== undefined && part['thought'] !== true) (role === 'model' ? notes.said : notes.questions).push(text);
      if (inline !== undefined) notes.images.push(`data:${inline.mimeType};base64,${inline.data}`);
      if (file !== undefined) notes.images.push(file.fileUri);
      if (call !== undefined) notes.calls.push({ id: call.id ?? call.name, name: call.name, input: call.args });
      if (result !== undefined) notes.results.push({ id: result.id ?? result.name, text: resultText(result.response) });
    }
  }
  notes.tools = listOf(body['tools']).flatMap((tool) => listOf(tool['functionDeclarations']).map(({ name }) => name));
  const { responseJsonSchema, responseSchema, maxOutputTokens, thinkingConfig } = body['generationConfig'] ?? {};
  notes.schema = responseJsonSchema ?? responseSchema;
  notes.maxTokens = maxOutputTokens;
  notes.thinks = thinkingConfig?.thinkingLevel !== undefined || (thinkingConfig?.thinkingBudget ?? 0) > 0;
  notes.choice = choiceOf((body['toolConfig']?.functionCallingConfig?.mode as string | undefined)?.toLowerCase());
}

/** A result is an object to this vendor; its `output` or `result` is what a tool said as text. */
function resultText(response: Body): string {
  const said = response['output'] ?? response['result'] ?? response;
  return typeof said === 'string' ? said : JSON.stringify(said);
}
