import { Cohere } from 'cohere-ai';
import { cohereClient } from '../support/cohere-and-ollama-callers.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { answerJson } from '../support/scripted-upstream.js';
import type { SpokenAnswer } from '../support/vendors/vendor.js';
import { formatOf, VENDORS, VendorStage } from '../support/vendors/vendor-stage.js';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQImWNwav0CAALIAbzDqqRyAAAAAElFTkSuQmCC';
const TEXT: SpokenAnswer = { text: 'Sunny, 21 °C – enjoy! 🌞' };
const TWO_CALLS: SpokenAnswer = {
  calls: [
    { id: 'call_zurich', name: 'weather', input: { city: 'Zürich' } },
    { id: 'call_bergen', name: 'weather', input: { city: 'Bergen' } },
  ],
};
const TOO_LONG = 'The prompt is too long.';
const REPORT = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' } },
  required: ['city', 'degrees'],
  additionalProperties: false,
};
const WEATHER: Cohere.ToolV2 = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const ASKED: Cohere.ChatMessageV2[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'How is the weather?' },
];

const textIn = (content: readonly { type: string; text?: string; thinking?: string }[] = [], type = 'text'): string =>
  content
    .filter((part) => part.type === type)
    .map((part) => part.text ?? part.thinking ?? '')
    .join('');

/** The messages that answer calls, each by its id. */
const resultsOf = (calls: readonly Cohere.ToolCallV2[]): Cohere.ChatMessageV2[] =>
  calls.map((call) => ({
    role: 'tool',
    toolCallId: call.id ?? '',
    content: call.function?.arguments?.includes('Zürich') === true ? 'sunny' : 'rainy',
  }));

/** What a stream says, put together as Cohere's pages do. */
interface Gathered {
  text: string;
  thinking: string;
  calls: Cohere.ToolCallV2[];
  end: Cohere.ChatMessageEndEventDelta | undefined;
  types: string[];
}

describe("Cohere's SDK", () => {
  let stage: VendorStage;
  let gateway: GatewayProcess;
  let key: string;
  const client = (): ReturnType<typeof cohereClient> => cohereClient(gateway.url, key);

  beforeAll(async () => {
    stage = await VendorStage.open();
    gateway = await GatewayProcess.start({ env: { ...stage.environment, OMNI_HEALTH_CHECKS: 'false' } });
    ({ key } = await gateway.key());
  });
  afterAll(async () => {
    await gateway.stop();
    await stage.close();
  });

  const streamed = async (asked: Cohere.V2ChatStreamRequest): Promise<Gathered> => {
    const all: Gathered = { text: '', thinking: '', calls: [], end: undefined, types: [] };
    for await (const event of await client().chatStream(asked)) {
      all.types.push(event.type);
      if (event.type === 'content-delta') {
        all.text += event.delta?.message?.content?.text ?? '';
        all.thinking += event.delta?.message?.content?.thinking ?? '';
      }
      if (event.type === 'tool-call-start') all.calls.push(event.delta?.message?.toolCalls as Cohere.ToolCallV2);
      const open = all.calls.at(-1)?.function;
      if (event.type === 'tool-call-delta' && open !== undefined)
        open.arguments = (open.arguments ?? '') + (event.delta?.message?.toolCalls?.function?.arguments ?? '');
      if (event.type === 'message-end') all.end = event.delta;
    }
    return all;
  };

  describe.each(['openai/up', 'anthropic/up', 'gemini/up'])('to %s', (model) => {
    const asked = { model, messages: ASKED };

    it('chats', async () => {
      stage.will(TEXT);
      const answer = await client().chat({ ...asked, maxTokens: 50, temperature: 0.5 });
      expect(textIn(answer.message.content)).toBe(TEXT.text);
      expect(answer).toMatchObject({
        finishReason: 'COMPLETE',
        message: { role: 'assistant' },
        usage: { tokens: { inputTokens: 112, outputTokens: 37 } },
      });
      expect(answer.id).not.toBe('');
      expect(stage.lastHeard).toMatchObject({
        instructions: 'Be brief.',
        questions: ['How is the weather?'],
        maxTokens: 50,
      });
    });

    it('streams', async () => {
      stage.will(TEXT);
      const { text, types, end } = await streamed(asked);
      expect(text).toBe(TEXT.text);
      expect([types[0], types[1], types.at(-2), types.at(-1)]).toEqual([
        'message-start',
        'content-start',
        'content-end',
        'message-end',
      ]);
      expect(end).toMatchObject({
        finishReason: 'COMPLETE',
        usage: { tokens: { inputTokens: 112, outputTokens: 37 } },
      });
    });

    it('runs tools called in parallel and goes on with what they gave', async () => {
      stage.will(TWO_CALLS, TEXT);
      const { message, finishReason } = await client().chat({ ...asked, tools: [WEATHER] });
      expect(finishReason).toBe('TOOL_CALL');
      const calls = message.toolCalls ?? [];
      const messages = [...ASKED, { role: 'assistant' as const, toolCalls: calls }, ...resultsOf(calls)];
      const last = await client().chat({ model, messages, tools: [WEATHER] });
      expect(textIn(last.message.content)).toBe(TEXT.text);
      expectResultsSent();
    });

    it('runs them in streams too', async () => {
      stage.will({ text: 'Let me look.', ...TWO_CALLS }, TEXT);
      const { text: content, calls, end } = await streamed({ ...asked, tools: [WEATHER] });
      expect(end?.finishReason).toBe('TOOL_CALL');
      const messages = [...ASKED, { role: 'assistant' as const, content, toolCalls: calls }, ...resultsOf(calls)];
      expect((await streamed({ model, messages, tools: [WEATHER] })).text).toBe(TEXT.text);
      expectResultsSent();
      expect(stage.lastHeard.said.join('')).toBe('Let me look.');
    });

    it('gives an object by its schema', async () => {
      stage.will({ text: '{"city":"Zürich","degrees":21}' });
      const responseFormat = { type: 'json_object' as const, jsonSchema: REPORT };
      const { message } = await client().chat({ ...asked, responseFormat });
      expect(JSON.parse(textIn(message.content))).toEqual({ city: 'Zürich', degrees: 21 });
      expect(stage.lastHeard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees'] });
    });

    it('shows an image', async () => {
      stage.will(TEXT);
      const url = `data:image/png;base64,${PIXEL}`;
      const content: Cohere.Content[] = [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', imageUrl: { url } },
      ];
      await client().chat({ model, messages: [{ role: 'user', content }] });
      expect(stage.lastHeard).toMatchObject({ questions: ['What is this?'], images: [url] });
    });

    it('tells thinking apart from the text', async () => {
      stage.will({ reasoning: { text: 'Clouds? None.', proof: 'cHJvb2Y=' }, ...TEXT });
      const thinking = { type: 'enabled' as const, tokenBudget: 1024 };
      const { message } = await client().chat({ ...asked, thinking });
      expect(textIn(message.content, 'thinking')).toBe('Clouds? None.');
      expect(textIn(message.content)).toBe(TEXT.text);
      expect(await streamed({ ...asked, thinking })).toMatchObject({ thinking: 'Clouds? None.', text: TEXT.text });
    });

    it('says that the answer was cut short', async () => {
      stage.will({ text: 'Sun', end: 'length' });
      expect((await client().chat(asked)).finishReason).toBe('MAX_TOKENS');
    });

    it('throws the refusal of the provider as an error of its own, with its words', async () => {
      stage.upstream.will((call, response) => answerJson(response, 400, VENDORS[formatOf(call)].refusal(TOO_LONG)));
      const error: unknown = await client()
        .chat(asked)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Cohere.BadRequestError);
      expect(error).toMatchObject({ statusCode: 400, body: { message: TOO_LONG } });
    });

    it('hears of an error inside a stream by its last event', async () => {
      stage.upstream.will((call, response) => {
        const format = formatOf(call);
        const begun = VENDORS[format].stream(TEXT).split('\n\n').slice(0, 4).join('\n\n');
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`${begun}\n\n${VENDORS[format].overload}`);
      });
      const { end, types } = await streamed(asked);
      expect(end).toMatchObject({ finishReason: 'ERROR', error: expect.stringContaining('overloaded') });
      expect(types.at(-1)).toBe('message-end');
    });

    it('stops the provider when the caller aborts', async () => {
      stage.upstream.calls.length = 0;
      stage.upstream.will((call, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`${VENDORS[formatOf(call)].stream(TEXT).split('\n\n').slice(0, 4).join('\n\n')}\n\n`);
      });
      const controller = new AbortController();
      const stream = await client().chatStream(asked, { abortSignal: controller.signal });
      const reading = (async () => {
        for await (const event of stream) if (event.type === 'content-delta') controller.abort();
      })();
      await reading.catch(() => undefined);
      const [call] = await stage.upstream.received(1);
      await call?.abandoned;
    });
  });

  function expectResultsSent(): void {
    const { calls, results, tools } = stage.lastHeard;
    expect(tools).toEqual(['weather']);
    expect(calls.map(({ name, input }) => [name, input])).toEqual([
      ['weather', { city: 'Zürich' }],
      ['weather', { city: 'Bergen' }],
    ]);
    expect(results.map((result) => result.id)).toEqual(calls.map((call) => call.id));
    expect(results.map((result) => result.text)).toEqual(['sunny', 'rainy']);
  }

  it('lists the models a key may call and shows one', async () => {
    await gateway.model('listed', [stage.upstream.url]);
    const { models } = await client().models.list();
    expect(models).toMatchObject([{ name: 'listed', endpoints: ['chat'] }]);
    expect(await client().models.get('listed')).toMatchObject({ name: 'listed' });
    await expect(client().models.get('nobody-knows')).rejects.toBeInstanceOf(Cohere.NotFoundError);
  });

  it('is refused without a key and for a model nobody knows, by errors of its own', async () => {
    const asked = { model: 'nobody-knows', messages: ASKED };
    await expect(cohereClient(gateway.url, 'wrong').chat(asked)).rejects.toBeInstanceOf(Cohere.UnauthorizedError);
    await expect(client().chat(asked)).rejects.toMatchObject({
      statusCode: 404,
      body: { message: expect.stringContaining('nobody-knows') },
    });
  });
});
