import { CHAT_CHUNK, CHAT_COMPLETION, CHAT_ERROR } from '../shapes/chat-answer.shape.js';
import {
  BrokenStream,
  type Conversation,
  eventsOf,
  expectShape,
  imageUrl,
  inputOf,
  type Line,
  type Opening,
  post,
  sum,
  type Told,
} from './conversation.js';

type Body = Record<string, any>;
const ENDS: Record<string, Told['end']> = {
  stop: 'stop',
  tool_calls: 'calls',
  length: 'length',
  content_filter: 'filter',
};

/** https://platform.openai.com/docs/api-reference/chat */
export function chatConversation({ url, key, streams }: Line, opening: Opening): Conversation {
  const messages: Body[] = [];
  if (opening.instructions !== undefined) messages.push({ role: 'system', content: opening.instructions });
  const ask = async (): Promise<Told> => {
    const body = {
      ...settings(opening),
      messages,
      ...(streams && { stream: true, stream_options: { include_usage: true } }),
    };
    const error = { shape: CHAT_ERROR, read: (failed: any) => failed.error };
    const reply = await post(`${url}/v1/chat/completions`, { authorization: `Bearer ${key}` }, body, error);
    const completion = streams ? collected(reply.text) : (JSON.parse(reply.text) as Body);
    expectShape(CHAT_COMPLETION, completion);
    const [choice] = completion['choices'];
    messages.push(choice.message);
    return { ...told(choice, completion['usage'] ?? {}), loss: reply.loss };
  };
  return {
    say: (text, images) => {
      const parts = (images ?? []).map((image) => ({ type: 'image_url', image_url: { url: imageUrl(image) } }));
      messages.push({ role: 'user', content: parts.length === 0 ? text : [{ type: 'text', text }, ...parts] });
      return ask();
    },
    give: (outcomes) => {
      for (const { id, text } of outcomes) messages.push({ role: 'tool', tool_call_id: id, content: text });
      return ask();
    },
  };
}

function settings({ model, maxTokens, tools, schema, thinks, toolChoice }: Opening): Body {
  return {
    model,
    ...(maxTokens !== undefined && { max_completion_tokens: maxTokens }),
    ...(thinks === true && { reasoning_effort: 'low' }),
    ...(toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(tools !== undefined && { tools: tools.map((tool) => ({ type: 'function', function: { ...tool } })) }),
    ...(schema !== undefined && {
      response_format: { type: 'json_schema', json_schema: { name: 'report', schema, strict: true } },
    }),
  };
}

function told({ message, finish_reason: end }: Body, usage: Body): Omit<Told, 'loss'> {
  const calls = (message.tool_calls ?? []) as { id: string; function: { name: string; arguments: string } }[];
  return {
    text: message.content ?? '',
    reasoning: message.reasoning_content ?? '',
    calls: calls.map(({ id, function: made }) => ({ id, name: made.name, input: inputOf(made.arguments) })),
    end: ENDS[end] ?? `unknown: ${String(end)}`,
    usage: {
      input: sum(usage['prompt_tokens']),
      cached: sum(usage['prompt_tokens_details']?.cached_tokens),
      output: sum(usage['completion_tokens']),
      reasoning: sum(usage['completion_tokens_details']?.reasoning_tokens),
    },
  };
}

/** The completion that the chunks make up. */
function collected(stream: string): Body {
  const events = eventsOf(stream).map(({ data }) => data);
  const chunks = events.filter((data) => data !== '[DONE]').map((data) => JSON.parse(data) as Body);
  const broken = chunks.find((chunk) => chunk['error'] !== undefined);
  if (broken !== undefined) {
    expectShape(CHAT_ERROR, broken);
    if (events.includes('[DONE]')) throw new Error('a broken stream ends as if it were whole');
    throw new BrokenStream(broken['error'].message);
  }
  if (events.at(-1) !== '[DONE]' || events.indexOf('[DONE]') !== events.length - 1)
    throw new Error('no [DONE] at the end');
  const message: Body = { role: 'assistant', content: null };
  let end: unknown = null;
  for (const chunk of chunks) {
    expectShape(CHAT_CHUNK, chunk);
    if (chunk['id'] !== chunks[0]?.['id']) throw new Error('the id changes within the stream');
    const choice = (chunk['choices'] as Body[]).find(({ index }) => index === 0);
    if (choice === undefined) continue;
    add(message, choice['delta'] as Body);
    end = choice['finish_reason'] ?? end;
  }
  const { choices: _none, ...last } = chunks.at(-1) ?? {};
  return {
    ...last,
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: end, logprobs: null }],
  };
}

function add(message: Body, delta: Body): void {
  for (const field of ['content', 'reasoning_content', 'refusal'])
    if (typeof delta[field] === 'string') message[field] = `${(message[field] as string | null) ?? ''}${delta[field]}`;
  for (const { index, ...detail } of (delta['reasoning_details'] ?? []) as Body[]) {
    const list = (message['reasoning_details'] ??= []) as Body[];
    const known = list.find((one) => one['index'] === index);
    if (known === undefined) list.push({ index, ...detail });
    else append(known, detail);
  }
  for (const { index, function: called, custom, ...call } of (delta['tool_calls'] ?? []) as Body[]) {
    const list = (message['tool_calls'] ??= []) as Body[];
    const made = (called ?? { name: custom.name, arguments: custom.input }) as Body;
    const known = (list[index] ??= { ...call, type: 'function', function: { name: made['name'], arguments: '' } });
    known['function'].arguments = `${String(known['function'].arguments)}${String(made['arguments'] ?? '')}`;
  }
}

/** Words add up; what proves them stands as it came. */
function append(known: Body, detail: Body): void {
  for (const [field, value] of Object.entries(detail))
    known[field] = ['text', 'summary'].includes(field) ? `${String(known[field] ?? '')}${String(value)}` : value;
}
