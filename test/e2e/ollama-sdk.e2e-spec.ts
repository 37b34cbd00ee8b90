import type { ChatResponse, Message, Tool } from 'ollama';
import { ollamaClient } from '../support/cohere-and-ollama-callers.js';
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
const WEATHER: Tool = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const ASKED: Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'How is the weather?' },
];
const skyOver = (city: unknown): string => (city === 'Zürich' ? 'sunny' : 'rainy');

describe('the SDK of Ollama', () => {
  let stage: VendorStage;
  let gateway: GatewayProcess;
  let key: string;
  const client = (): ReturnType<typeof ollamaClient> => ollamaClient(gateway.url, key);

  beforeAll(async () => {
    stage = await VendorStage.open();
    gateway = await GatewayProcess.start({ env: { ...stage.environment, OMNI_HEALTH_CHECKS: 'false' } });
    ({ key } = await gateway.key());
  });
  afterAll(async () => {
    await gateway.stop();
    await stage.close();
  });

  const streamed = async (asked: Parameters<ReturnType<typeof client>['chat']>[0]): Promise<ChatResponse[]> => {
    const lines: ChatResponse[] = [];
    for await (const line of await client().chat({ ...asked, stream: true })) lines.push(line);
    return lines;
  };

  describe.each(['openai/up', 'anthropic/up', 'gemini/up'])('to %s', (model) => {
    const asked = { model, messages: ASKED };

    it('chats', async () => {
      stage.will(TEXT);
      const answer = await client().chat({ ...asked, options: { num_predict: 50, temperature: 0.5 } });
      expect(answer).toMatchObject({
        message: { role: 'assistant', content: TEXT.text },
        done: true,
        done_reason: 'stop',
        prompt_eval_count: 112,
        eval_count: 37,
      });
      expect(new Date(answer.created_at).getTime()).toBeGreaterThan(1_700_000_000_000);
      expect(stage.lastHeard).toMatchObject({
        instructions: 'Be brief.',
        questions: ['How is the weather?'],
        maxTokens: 50,
      });
    });

    it('streams', async () => {
      stage.will(TEXT);
      const lines = await streamed(asked);
      expect(lines.map((line) => line.message.content).join('')).toBe(TEXT.text);
      expect(lines.length).toBeGreaterThan(2);
      expect(lines.map((line) => line.done)).toEqual([...lines.slice(1).map(() => false), true]);
      expect(lines.at(-1)).toMatchObject({ done_reason: 'stop', prompt_eval_count: 112, eval_count: 37 });
    });

    it('runs tools called in parallel and goes on with what they gave', async () => {
      stage.will(TWO_CALLS, TEXT);
      const messages = [...ASKED];
      const { message } = await client().chat({ model, messages, tools: [WEATHER] });
      messages.push(message);
      for (const { function: called } of message.tool_calls ?? [])
        messages.push({ role: 'tool', tool_name: called.name, content: skyOver(called.arguments['city']) });
      const { message: last } = await client().chat({ model, messages, tools: [WEATHER] });
      expect(last.content).toBe(TEXT.text);
      expectResultsSent();
    });

    it('runs them in streams too', async () => {
      stage.will({ text: 'Let me look.', ...TWO_CALLS }, TEXT);
      const messages = [...ASKED];
      const first = await streamed({ model, messages, tools: [WEATHER] });
      const content = first.map((line) => line.message.content).join('');
      const calls = first.flatMap((line) => line.message.tool_calls ?? []);
      messages.push({ role: 'assistant', content, tool_calls: calls });
      for (const { function: called } of calls)
        messages.push({ role: 'tool', tool_name: called.name, content: skyOver(called.arguments['city']) });
      const second = await streamed({ model, messages, tools: [WEATHER] });
      expect(second.map((line) => line.message.content).join('')).toBe(TEXT.text);
      expectResultsSent();
      expect(stage.lastHeard.said.join('')).toBe('Let me look.');
    });

    it('gives an object by its schema', async () => {
      stage.will({ text: '{"city":"Zürich","degrees":21}' });
      const { message } = await client().chat({ ...asked, format: REPORT });
      expect(JSON.parse(message.content)).toEqual({ city: 'Zürich', degrees: 21 });
      expect(stage.lastHeard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees'] });
    });

    it('shows an image', async () => {
      stage.will(TEXT);
      const images = [new Uint8Array(Buffer.from(PIXEL, 'base64'))];
      await client().chat({ model, messages: [{ role: 'user', content: 'What is this?', images }] });
      expect(stage.lastHeard).toMatchObject({
        questions: ['What is this?'],
        images: [`data:image/png;base64,${PIXEL}`],
      });
    });

    it('tells thinking apart from the text', async () => {
      stage.will({ reasoning: { text: 'Clouds? None.', proof: 'cHJvb2Y=' }, ...TEXT });
      const { message } = await client().chat({ ...asked, think: true });
      expect(message).toMatchObject({ thinking: 'Clouds? None.', content: TEXT.text });
      const lines = await streamed({ ...asked, think: true });
      expect(lines.map((line) => line.message.thinking ?? '').join('')).toBe('Clouds? None.');
      expect(lines.map((line) => line.message.content).join('')).toBe(TEXT.text);
    });

    it('says that the answer was cut short', async () => {
      stage.will({ text: 'Sun', end: 'length' });
      expect((await client().chat(asked)).done_reason).toBe('length');
    });

    it('throws the refusal of the provider with its status and words', async () => {
      stage.upstream.will((call, response) => answerJson(response, 400, VENDORS[formatOf(call)].refusal(TOO_LONG)));
      await expect(client().chat(asked)).rejects.toMatchObject({ status_code: 400, error: TOO_LONG });
    });

    it('hears of an error inside a stream', async () => {
      stage.upstream.will((call, response) => {
        const format = formatOf(call);
        const begun = VENDORS[format].stream(TEXT).split('\n\n').slice(0, 4).join('\n\n');
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`${begun}\n\n${VENDORS[format].overload}`);
      });
      await expect(streamed(asked)).rejects.toThrow(/overloaded/);
    });

    it('stops the provider when the caller aborts', async () => {
      stage.upstream.calls.length = 0;
      stage.upstream.will((call, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`${VENDORS[formatOf(call)].stream(TEXT).split('\n\n').slice(0, 4).join('\n\n')}\n\n`);
      });
      const stream = await client().chat({ ...asked, stream: true });
      const reading = (async () => {
        for await (const line of stream) if (line.message.content !== '') stream.abort();
      })();
      await expect(reading).rejects.toThrow(/abort/i);
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

  it('streams JSON lines where nothing is said of streams, as Ollama does', async () => {
    stage.will(TEXT);
    const answer = await fetch(`${gateway.url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'openai/up', messages: ASKED }),
    });
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await answer.text()).trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('done');
  });

  it('lists the models a key may call, shows one, and tells a version', async () => {
    await gateway.model('listed:8b', [stage.upstream.url]);
    const { models } = await client().list();
    expect(models.map(({ name }) => name)).toEqual(['listed:8b']);
    expect(await client().show({ model: 'listed:8b' })).toMatchObject({ capabilities: ['completion', 'tools'] });
    expect((await client().version()).version).toMatch(/^\d+\.\d+\.\d+$/);
    await expect(client().show({ model: 'nobody-knows' })).rejects.toMatchObject({ status_code: 404 });
    const { key: other } = await gateway.key({ allowed_models: ['another'] });
    expect((await ollamaClient(gateway.url, other).list()).models).toEqual([]);
    await expect(ollamaClient(gateway.url, other).show({ model: 'listed:8b' })).rejects.toMatchObject({
      status_code: 404,
    });
  });

  it('is refused without a key and for a model nobody knows, in words it shows', async () => {
    await expect(ollamaClient(gateway.url, 'wrong').list()).rejects.toMatchObject({ status_code: 401 });
    await expect(client().chat({ model: 'nobody-knows', messages: ASKED })).rejects.toMatchObject({
      status_code: 404,
      error: expect.stringContaining('nobody-knows'),
    });
    await expect(
      client().chat({ model: 'openai/up', messages: [{ role: 'nobody', content: '' }] }),
    ).rejects.toMatchObject({ status_code: 400, error: expect.stringContaining('messages[0].role') });
  });
});
