import { RESPONSE, RESPONSE_EVENT, RESPONSES_ERROR } from '../shapes/responses-answer.shape.js';
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
const CUTS: Record<string, Told['end']> = { max_output_tokens: 'length', content_filter: 'filter' };

/** https://platform.openai.com/docs/api-reference/responses */
export function responsesConversation({ url, key, streams }: Line, opening: Opening): Conversation {
  const input: Body[] = [];
  const ask = async (): Promise<Told> => {
    const body = { ...settings(opening), input, ...(streams && { stream: true }) };
    const error = { shape: RESPONSES_ERROR, read: (failed: any) => failed.error };
    const reply = await post(`${url}/v1/responses`, { authorization: `Bearer ${key}` }, body, error);
    const response = streams ? collected(reply.text) : (JSON.parse(reply.text) as Body);
    expectShape(RESPONSE, response);
    input.push(...(response['output'] as Body[]));
    return { ...told(response), loss: reply.loss };
  };
  return {
    say: (text, images) => {
      const parts = (images ?? []).map((image) => ({
        type: 'input_image',
        image_url: imageUrl(image),
        detail: 'auto',
      }));
      input.push({ role: 'user', content: parts.length === 0 ? text : [{ type: 'input_text', text }, ...parts] });
      return ask();
    },
    give: (outcomes) => {
      for (const { id, text } of outcomes) input.push({ type: 'function_call_output', call_id: id, output: text });
      return ask();
    },
  };
}

function settings({ model, instructions, maxTokens, tools, schema, thinks, toolChoice }: Opening): Body {
  return {
    model,
    store: false,
    ...(instructions !== undefined && { instructions }),
    ...(maxTokens !== undefined && { max_output_tokens: maxTokens }),
    ...(thinks === true && {
      reasoning: { effort: 'low', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
    }),
    ...(toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(tools !== undefined && { tools: tools.map((tool) => ({ type: 'function', strict: false, ...tool })) }),
    ...(schema !== undefined && { text: { format: { type: 'json_schema', name: 'report', schema, strict: true } } }),
  };
}

function told(response: Body): Omit<Told, 'loss'> {
  const items = response['output'] as Body[];
  const ofType = (type: string): Body[] => items.filter((item) => item['type'] === type);
  const calls = ofType('function_call').map((item) => ({
    id: item['call_id'] as string,
    name: item['name'] as string,
    input: inputOf(item['arguments'] as string),
  }));
  const ended = calls.length > 0 ? 'calls' : 'stop';
  const reason = response['incomplete_details']?.reason as string | undefined;
  const usage = (response['usage'] ?? {}) as Body;
  return {
    text: ofType('message')
      .flatMap((item) => item['content'] as Body[])
      .map((part) => (part['text'] as string | undefined) ?? '')
      .join(''),
    reasoning: ofType('reasoning')
      .flatMap((item) => [...(item['summary'] as Body[]), ...((item['content'] ?? []) as Body[])])
      .map((part) => part['text'] as string)
      .join(''),
    calls,
    end: reason === undefined ? ended : (CUTS[reason] ?? `unknown: ${reason}`),
    usage: {
      input: sum(usage['input_tokens']),
      cached: sum(usage['input_tokens_details']?.cached_tokens),
      output: sum(usage['output_tokens']),
      reasoning: sum(usage['output_tokens_details']?.reasoning_tokens),
    },
  };
}

const ENDS: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete']);

/** The response of the last event; what the deltas told must be in it. */
function collected(stream: string): Body {
  const events = eventsOf(stream).map(({ event: name, data }) => {
    const event = JSON.parse(data) as Body;
    if (name !== event['type']) throw new Error(`the event ${String(name)} is a ${String(event['type'])}`);
    return event;
  });
  const failed = events.find(({ type }) => type === 'error' || type === 'response.failed');
  if (failed !== undefined) {
    if (events.some(({ type }) => ENDS.has(type as string)))
      throw new Error('a broken stream ends as if it were whole');
    throw new BrokenStream((failed['message'] ?? failed['response']?.error?.message) as string);
  }
  for (const [at, event] of events.entries()) {
    expectShape(RESPONSE_EVENT, event);
    if (event['sequence_number'] !== at)
      throw new Error(`event ${String(at)} says it is ${String(event['sequence_number'])}`);
  }
  const last = events.at(-1);
  if (events[0]?.['type'] !== 'response.created' || !ENDS.has(last?.['type'] as string))
    throw new Error('out of order');
  const response = last?.['response'] as Body;
  expectWhole(events, response['output'] as Body[]);
  return response;
}

/** Deltas make up what the item at their place says at the end, and every item was added and done. */
function expectWhole(events: readonly Body[], output: readonly Body[]): void {
  for (const [at, item] of output.entries()) {
    const own = events.filter((event) => event['output_index'] === at);
    const first = own[0]?.['type'];
    const last = own.at(-1);
    if (first !== 'response.output_item.added' || last?.['type'] !== 'response.output_item.done')
      throw new Error(`item ${String(at)} begins with ${String(first)} and ends with ${String(last?.['type'])}`);
    if (JSON.stringify(last['item']) !== JSON.stringify(item)) throw new Error(`item ${String(at)} differs at the end`);
    const said = own.map((event) => (typeof event['delta'] === 'string' ? event['delta'] : '')).join('');
    const texts = [...((item['content'] ?? []) as Body[]), ...((item['summary'] ?? []) as Body[])];
    const whole =
      (item['arguments'] as string | undefined) ??
      texts.map((part) => (part['text'] ?? part['refusal']) as string).join('');
    if (said !== whole && item['type'] !== 'custom_tool_call')
      throw new Error(`item ${String(at)} is ${whole}, its deltas are ${said}`);
  }
}
