import { createParser } from 'eventsource-parser';
import { type FormatId, LossReport, type StreamEvent, usageOf } from '../../protocol/index.js';
import { WIRE_FORMATS } from '../formats.js';
import { OPENAI_RESPONSES } from './format.js';

interface Told {
  type: string;
  sequence_number: number;
  output_index?: number;
  delta?: string;
  item?: Fields;
  response?: Fields & { output: Fields[] };
  [field: string]: unknown;
}
type Fields = Record<string, unknown>;

const part = (index: number, type: 'text' | 'refusal' | 'reasoning'): StreamEvent => ({
  type: 'part-start',
  choice: 0,
  index,
  part: { type, text: '' },
});
const call = (index: number): StreamEvent => ({
  type: 'part-start',
  choice: 0,
  index,
  part: { type: 'tool-call', id: `call_${String(index)}`, name: 'weather', arguments: '' },
});
const words = (
  index: number,
  type: 'text-delta' | 'reasoning-delta' | 'arguments-delta',
  text: string,
): StreamEvent => ({
  type,
  choice: 0,
  index,
  text,
});
const end = (index: number): StreamEvent => ({ type: 'part-end', choice: 0, index });
const finish = (reason: 'stop' | 'length' | 'tool-calls'): StreamEvent => ({
  type: 'choice-finish',
  choice: 0,
  finish: { reason },
});
const start = (source: FormatId = 'openai-chat'): StreamEvent => ({
  type: 'answer-start',
  source,
  id: 'chatcmpl-7',
  model: 'm',
});
const over: StreamEvent = { type: 'answer-end' };

function written(events: readonly StreamEvent[], report = new LossReport('openai-chat', 'openai-responses')): string {
  const encoder = OPENAI_RESPONSES.encodeEvents({ report, id: 'req_1', created: 5, model: 'mine' });
  return events.map((event) => encoder.push(event)).join('');
}

function told(bytes: string): Told[] {
  const documents: Told[] = [];
  createParser({
    onEvent: ({ data, event }) => {
      const document = JSON.parse(data) as Told;
      expect(document.type).toBe(event);
      documents.push(document);
    },
  }).feed(bytes);
  expect(documents.map((document) => document.sequence_number)).toEqual(documents.map((_, at) => at));
  return documents;
}

const typesOf = (documents: readonly Told[]): string[] => documents.map(({ type }) => type.replace('response.', ''));

function read(documents: readonly object[]): readonly StreamEvent[] {
  const decoder = OPENAI_RESPONSES.decodeEvents();
  const bytes = documents.map((document) => `data: ${JSON.stringify(document)}\n\n`).join('');
  return [...decoder.push(Buffer.from(bytes)), ...decoder.end()];
}

describe('writing Responses events', () => {
  it('tells a text in the order of OpenAI, with numbers and without an end mark', () => {
    const usage: StreamEvent = {
      type: 'usage-update',
      usage: usageOf({
        promptTokens: 12,
        cachedTokens: 4,
        cacheWrite5mTokens: 2,
        completionTokens: 7,
        reasoningTokens: 3,
      }),
    };
    const bytes = written([
      start(),
      part(0, 'text'),
      words(0, 'text-delta', 'Hi '),
      words(0, 'text-delta', 'you'),
      end(0),
      finish('stop'),
      usage,
      over,
    ]);
    const documents = told(bytes);
    expect(typesOf(documents)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ]);
    expect(documents[2]?.item).toMatchObject({ type: 'message', status: 'in_progress', content: [] });
    expect(documents.at(-1)?.response).toMatchObject({
      id: 'chatcmpl-7',
      object: 'response',
      created_at: 5,
      model: 'mine',
      status: 'completed',
      error: null,
      incomplete_details: null,
      output: [{ status: 'completed', content: [{ type: 'output_text', text: 'Hi you', annotations: [] }] }],
      usage: {
        input_tokens: 12,
        input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
        output_tokens: 7,
        output_tokens_details: { reasoning_tokens: 3 },
        total_tokens: 19,
      },
    });
    expect(bytes).not.toContain('[DONE]');
  });

  it('keeps parallel calls apart that are told side by side', () => {
    const documents = told(
      written([
        start(),
        call(0),
        call(1),
        words(0, 'arguments-delta', '{"city":'),
        words(1, 'arguments-delta', '{}'),
        words(0, 'arguments-delta', '"Bonn"}'),
        end(1),
        end(0),
        finish('tool-calls'),
        over,
      ]),
    );
    const deltas = (place: number): string =>
      documents
        .filter(({ type, output_index: at }) => type === 'response.function_call_arguments.delta' && at === place)
        .map(({ delta }) => delta)
        .join('');
    expect([deltas(0), deltas(1)]).toEqual(['{"city":"Bonn"}', '{}']);
    expect(documents.at(-1)?.response?.output).toMatchObject([
      { type: 'function_call', call_id: 'call_0', arguments: '{"city":"Bonn"}', status: 'completed' },
      { type: 'function_call', call_id: 'call_1', arguments: '{}', status: 'completed' },
    ]);
    const ids = documents.at(-1)?.response?.output.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  it('gives a call without arguments an empty object, in the deltas too', () => {
    const documents = told(written([start(), call(0), end(0), finish('tool-calls'), over]));
    expect(documents.find(({ type }) => type.endsWith('arguments.delta'))?.delta).toBe('{}');
    expect(documents.at(-1)?.response?.output).toMatchObject([{ arguments: '{}' }]);
  });

  it('says that an answer was cut off, and in which item', () => {
    const documents = told(
      written([
        start(),
        part(0, 'text'),
        words(0, 'text-delta', 'Hm'),
        end(0),
        call(1),
        end(1),
        finish('length'),
        over,
      ]),
    );
    expect(documents.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ status: 'completed' }, { status: 'incomplete' }],
      },
    });
  });

  it('ends a failed stream with an error and a failed response', () => {
    const error: StreamEvent = {
      type: 'error',
      error: { kind: 'overloaded', status: 503, message: 'Too busy', retryable: true },
    };
    const documents = told(written([start(), part(0, 'text'), words(0, 'text-delta', 'Hi'), error, over]));
    expect(typesOf(documents).slice(-2)).toEqual(['error', 'failed']);
    expect(documents.at(-2)).toMatchObject({
      code: 'service_unavailable',
      message: 'Too busy',
      error: { message: 'Too busy' },
    });
    expect(documents.at(-1)?.response).toMatchObject({
      status: 'failed',
      error: { code: 'service_unavailable', message: 'Too busy' },
    });
    expect(typesOf(told(written([error])))).toEqual(['error']);
  });

  it('shows a thought of another format as a summary, sealed so that it comes back whole', () => {
    const documents = told(
      written([
        start('anthropic-messages'),
        part(0, 'reasoning'),
        words(0, 'reasoning-delta', 'Clouds'),
        words(0, 'reasoning-delta', '?'),
        { type: 'signature-set', choice: 0, index: 0, signature: { origin: 'anthropic-messages', value: 'c2ln' } },
        end(0),
        part(1, 'reasoning'),
        end(1),
        part(2, 'text'),
        words(2, 'text-delta', 'None.'),
        end(2),
        finish('stop'),
        over,
      ]),
    );
    expect(typesOf(documents).slice(2, 8)).toEqual([
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
    ]);
    // A thought that says nothing is not told.
    expect(documents.at(-1)?.response?.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    const input = documents.at(-1)?.response?.output;
    const request = OPENAI_RESPONSES.decodeRequest({
      model: 'm',
      input: [...(input ?? []), { role: 'user', content: 'Go on' }],
    });
    const report = new LossReport('openai-responses', 'anthropic-messages');
    const { body } = WIRE_FORMATS['anthropic-messages']!.encodeRequest(request, { report });
    expect((body['messages'] as unknown[])[0]).toEqual({
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Clouds?', signature: 'c2ln' },
        { type: 'text', text: 'None.' },
      ],
    });
    expect(report.summary().reasons).toEqual([]);
  });

  it('gives up on an answer too long to be kept', () => {
    const long = 'x'.repeat(1 << 20);
    const texts = Array.from({ length: 17 }, () => words(0, 'text-delta', long));
    const documents = told(written([start(), part(0, 'text'), ...texts, end(0), finish('stop'), over]));
    expect(typesOf(documents).slice(-2)).toEqual(['error', 'failed']);
  });
});

const CREATED = { type: 'response.created', response: { id: 'resp_1', model: 'm', status: 'in_progress', output: [] } };
const completed = (response: object): object => ({
  type: 'response.completed',
  response: { status: 'completed', ...response },
});
const MESSAGE = {
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi you', annotations: [] }],
};

const textOf = (events: readonly StreamEvent[]): string =>
  events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');

describe('reading Responses events', () => {
  it.each([
    ['only the end', [completed({ output: [MESSAGE] })]],
    ['only whole items', [{ type: 'response.output_item.done', output_index: 0, item: MESSAGE }, completed({})]],
    [
      'no more than the first delta',
      [
        { type: 'response.output_item.added', output_index: 0, item: { ...MESSAGE, content: [] } },
        { type: 'response.output_text.delta', output_index: 0, item_id: 'other', delta: 'Hi' },
        { type: 'response.output_item.done', output_index: 0, item: { ...MESSAGE, id: 'another' } },
        completed({}),
      ],
    ],
    [
      'deltas of an item nobody began',
      [{ type: 'response.output_text.delta', output_index: 0, delta: 'Hi you' }, completed({})],
    ],
  ])('reads a text of providers that tell %s', (_what, documents) => {
    const events = read([CREATED, ...documents]);
    expect(textOf(events)).toBe('Hi you');
    expect(events.at(-1)).toEqual({ type: 'answer-end' });
  });

  it('keeps the encrypted thought of the end of its item', () => {
    const item = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'draft' };
    const events = read([
      CREATED,
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.output_item.done', output_index: 0, item: { ...item, encrypted_content: 'last' } },
      completed({}),
    ]);
    const signed = events.filter((event) => event.type === 'signature-set');
    expect(signed).toMatchObject([{ encrypted: { origin: 'openai-responses', value: 'last' } }]);
  });

  it.each([
    [{ type: 'error', code: 'server_error', message: 'Broken', param: null }],
    [{ type: 'error', error: { type: 'server_error', code: 'server_error', message: 'Broken' } }],
    [{ type: 'response.failed', response: { status: 'failed', error: { code: 'server_error', message: 'Broken' } } }],
  ])('takes %j for a failure', (document) => {
    expect(read([CREATED, document]).at(-1)).toMatchObject({
      type: 'error',
      error: { kind: 'server', message: 'Broken' },
    });
  });

  it('does not take the end mark of other formats for an end', () => {
    const decoder = OPENAI_RESPONSES.decodeEvents();
    const events = decoder.push(Buffer.from(`data: ${JSON.stringify(CREATED)}\n\ndata: [DONE]\n\n`));
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { kind: 'incomplete' } });
  });
});
