import { MESSAGE, MESSAGE_EVENT, MESSAGES_ERROR } from '../shapes/messages-answer.shape.js';
import {
  BrokenStream,
  type Conversation,
  eventsOf,
  expectShape,
  inputOf,
  type Line,
  type Opening,
  post,
  sum,
  type Told,
} from './conversation.js';

type Body = Record<string, any>;
const ENDS: Record<string, Told['end']> = {
  end_turn: 'stop',
  tool_use: 'calls',
  max_tokens: 'length',
  refusal: 'filter',
};

/** https://platform.claude.com/docs/en/api/messages */
export function messagesConversation({ url, key, streams }: Line, opening: Opening): Conversation {
  const messages: Body[] = [];
  const ask = async (content: unknown): Promise<Told> => {
    messages.push({ role: 'user', content });
    const body = { ...settings(opening), messages, ...(streams && { stream: true }) };
    const error = { shape: MESSAGES_ERROR, read: (failed: any) => failed.error };
    const headers = { 'x-api-key': key, 'anthropic-version': '2023-06-01' };
    const reply = await post(`${url}/v1/messages`, headers, body, error);
    const message = streams ? collected(reply.text) : (JSON.parse(reply.text) as Body);
    expectShape(MESSAGE, message);
    messages.push({ role: 'assistant', content: message['content'] });
    return { ...told(message), loss: reply.loss };
  };
  return {
    say: (text, images) =>
      ask(images === undefined ? text : [...images.map((image) => imageBlock(image)), { type: 'text', text }]),
    give: (outcomes) => ask(outcomes.map(({ id, text }) => ({ type: 'tool_result', tool_use_id: id, content: text }))),
  };
}

function imageBlock(image: string): Body {
  const isUrl = image.startsWith('http');
  const source = isUrl ? { type: 'url', url: image } : { type: 'base64', media_type: 'image/png', data: image };
  return { type: 'image', source };
}

function settings({ model, instructions, maxTokens, tools, schema, thinks, toolChoice }: Opening): Body {
  return {
    model,
    max_tokens: maxTokens ?? 4096,
    ...(instructions !== undefined && { system: instructions }),
    ...(thinks === true && { thinking: { type: 'enabled', budget_tokens: 1024 } }),
    ...(toolChoice !== undefined && { tool_choice: { type: toolChoice === 'required' ? 'any' : 'none' } }),
    ...(tools !== undefined && {
      tools: tools.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters })),
    }),
    ...(schema !== undefined && { output_config: { format: { type: 'json_schema', schema } } }),
  };
}

function told({ content, stop_reason: end, usage }: Body): Omit<Told, 'loss'> {
  const blocks = content as Body[];
  const joined = (type: string, field: string): string =>
    blocks.map((block) => (block['type'] === type ? (block[field] as string) : '')).join('');
  return {
    text: joined('text', 'text'),
    reasoning: joined('thinking', 'thinking'),
    calls: blocks.flatMap(({ type, id, name, input }) => (type === 'tool_use' ? [{ id, name, input }] : [])),
    end: ENDS[end] ?? `unknown: ${String(end)}`,
    usage: {
      input: sum(usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens),
      cached: sum(usage.cache_read_input_tokens),
      output: usage.output_tokens,
      reasoning: sum(usage.output_tokens_details?.thinking_tokens),
    },
  };
}

/** The message that the events make up. */
function collected(stream: string): Body {
  const events = eventsOf(stream).map(({ event: name, data }) => {
    const event = JSON.parse(data) as Body;
    if (name !== event['type']) throw new Error(`the event ${String(name)} is a ${String(event['type'])}`);
    expectShape(event['type'] === 'error' ? MESSAGES_ERROR : MESSAGE_EVENT, event);
    return event;
  });
  const broken = events.find((event) => event['type'] === 'error');
  if (broken !== undefined) {
    if (events.at(-1) !== broken) throw new Error('a broken stream goes on');
    throw new BrokenStream(broken['error'].message);
  }
  if (events[0]?.['type'] !== 'message_start' || events.at(-1)?.['type'] !== 'message_stop')
    throw new Error('out of order');
  const message = events[0]['message'] as Body;
  let openBlock: Body | null = null;
  for (const event of events) {
    if (event['type'] === 'message_delta') {
      Object.assign(message, event['delta']);
      Object.assign(message['usage'], event['usage']);
    }
    openBlock = takeBlock(message['content'] as Body[], event, openBlock);
  }
  for (const block of message['content'] as Body[]) {
    if (typeof block['json'] === 'string' && block['json'] !== '') block['input'] = inputOf(block['json']);
    delete block['json'];
  }
  return message;
}

/** Writes what the event says of a block, and gives the block that is open after it. */
function takeBlock(blocks: Body[], { type, index, content_block: begun, delta }: Body, open: Body | null): Body | null {
  if (type === 'content_block_start') {
    if (open !== null || index !== blocks.length) throw new Error(`block ${String(index)} begins out of order`);
    blocks.push(begun as Body);
    return begun as Body;
  }
  if (type !== 'content_block_delta' && type !== 'content_block_stop') return open;
  if (open === null || blocks[index] !== open) throw new Error(`block ${String(index)} is not open`);
  if (type === 'content_block_stop') return null;
  const added = DELTAS[delta.type as string]?.(delta as Body);
  if (added === undefined) return open;
  const [field, said] = added;
  open[field] = field === 'signature' ? said : `${String(open[field] ?? '')}${said}`;
  return open;
}

/** Which field of a block each kind of delta adds to, and what. */
const DELTAS: Record<string, (delta: Body) => [field: string, said: string]> = {
  text_delta: ({ text }) => ['text', text],
  thinking_delta: ({ thinking }) => ['thinking', thinking],
  signature_delta: ({ signature }) => ['signature', signature],
  input_json_delta: ({ partial_json: json }) => ['json', json],
};
