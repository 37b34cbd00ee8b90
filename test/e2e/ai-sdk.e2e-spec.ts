import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, generateText, isStepCount, jsonSchema, type LanguageModel, Output, streamText, tool } from 'ai';
import { WIRE_FORMATS } from '../../libs/wire/index.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { answerJson } from '../support/scripted-upstream.js';
import type { SpokenAnswer } from '../support/vendors/vendor.js';
import { formatOf, VENDORS, type VendorFormat, VendorStage } from '../support/vendors/vendor-stage.js';

type Models = (model: string) => LanguageModel;

/** The providers of the AI SDK, each pointed at the gateway as its pages say. */
const SDKS: Record<VendorFormat, { name: string; models: (url: string, key: string) => Models }> = {
  'openai-chat': {
    name: '@ai-sdk/openai, chat',
    models: (url, apiKey) => createOpenAI({ baseURL: `${url}/v1`, apiKey }).chat,
  },
  'openai-responses': {
    name: '@ai-sdk/openai, responses',
    models: (url, apiKey) => createOpenAI({ baseURL: `${url}/v1`, apiKey }).responses,
  },
  'anthropic-messages': {
    name: '@ai-sdk/anthropic',
    models: (url, apiKey) => createAnthropic({ baseURL: `${url}/v1`, apiKey }),
  },
  'gemini-generate-content': {
    name: '@ai-sdk/google',
    // A name with a slash is a path to this SDK.
    models: (url, apiKey) => (model) =>
      createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey })(`models/${model}`),
  },
};

const PROVIDERS = {
  'openai-compatible/up': 'openai-chat',
  'openai/gpt-5-codex': 'openai-responses',
  'anthropic/up': 'anthropic-messages',
  'gemini/up': 'gemini-generate-content',
} as const;

/** The SDK for OpenAI's chat reads no reasoning: that vendor shows none there. */
const SHOWS_NO_REASONING: ReadonlySet<string> = new Set([SDKS['openai-chat'].name]);

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQImWNwav0CAALIAbzDqqRyAAAAAElFTkSuQmCC';
const CITY = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const;
const REPORT = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' } },
  required: ['city', 'degrees'],
  additionalProperties: false,
} as const;

const BY_SCHEMA = {
  output: Output.object({
    schema: jsonSchema<{ city: string; degrees: number }>({ ...REPORT, required: ['city', 'degrees'] }),
  }),
  // For models whose names it does not know, the SDK for Anthropic asks by a tool instead: tested apart.
  providerOptions: { anthropic: { structuredOutputMode: 'outputFormat' } },
} as const;

const weather = tool({
  description: 'The weather of a city',
  inputSchema: jsonSchema<{ city: string }>({ ...CITY, required: ['city'] }),
  execute: ({ city }) => ({ city, sky: city === 'Zürich' ? 'sunny' : 'rainy' }),
});

const TEXT: SpokenAnswer = { text: 'Sunny, 21 °C – enjoy! 🌞' };
const TWO_CALLS: SpokenAnswer = {
  calls: [
    { id: 'call_zurich', name: 'weather', input: { city: 'Zürich' } },
    { id: 'call_bergen', name: 'weather', input: { city: 'Bergen' } },
  ],
};
const JSON_TEXT: SpokenAnswer = { text: '{"city":"Zürich","degrees":21}' };
const TOO_LONG = 'The prompt is too long.';
const USED = { inputTokens: 112, outputTokens: 37, totalTokens: 149 };

/** A stream that has said its first words. */
function begunIn(format: VendorFormat): string {
  const frames = VENDORS[format].stream(TEXT).split('\n\n');
  const first = frames.findIndex((frame) => frame.includes('Sunny'));
  return `${frames.slice(0, first + 1).join('\n\n')}\n\n`;
}

const pairs = Object.entries(SDKS)
  .filter(([format]) => WIRE_FORMATS[format as VendorFormat] !== undefined)
  .flatMap(([format, { name, models }]) =>
    Object.entries(PROVIDERS)
      .filter(([, spoken]) => spoken !== format)
      .map(([model]) => [name, model, models] as const),
  );

describe('the AI SDK', () => {
  let stage: VendorStage;
  let gateway: GatewayProcess;
  let key: string;

  beforeAll(async () => {
    stage = await VendorStage.open();
    gateway = await GatewayProcess.start({ env: stage.environment });
    ({ key } = await gateway.key());
  });
  afterAll(async () => {
    await gateway.stop();
    await stage.close();
  });

  describe.each(pairs)('%s to %s', (name, id, models) => {
    const model = (): LanguageModel => models(gateway.url, key)(id);
    const asked = { instructions: 'Be brief.', prompt: 'How is the weather?' };

    it('generates a text', async () => {
      stage.will(TEXT);
      const result = await generateText({ model: model(), ...asked, maxOutputTokens: 50 });
      expect(result.text).toBe(TEXT.text);
      expect(result.finishReason).toBe('stop');
      expect(result.usage).toMatchObject(USED);
      expect(result.usage.inputTokenDetails.cacheReadTokens).toBe(40);
      expect(stage.lastHeard).toMatchObject({
        instructions: 'Be brief.',
        questions: ['How is the weather?'],
        maxTokens: 50,
      });
    });

    it('streams a text', async () => {
      stage.will(TEXT);
      const result = streamText({ model: model(), ...asked });
      const pieces: string[] = [];
      for await (const piece of result.textStream) pieces.push(piece);
      expect(pieces.join('')).toBe(TEXT.text);
      expect(pieces.length).toBeGreaterThan(1);
      expect(await result.finishReason).toBe('stop');
      expect(await result.usage).toMatchObject(USED);
    });

    const steps = { stopWhen: isStepCount(4), tools: { weather } };
    const expectResultsSent = (): void => {
      const { calls, results, tools } = stage.lastHeard;
      expect(tools).toEqual(['weather']);
      expect(calls.map(({ name, input }) => [name, input])).toEqual([
        ['weather', { city: 'Zürich' }],
        ['weather', { city: 'Bergen' }],
      ]);
      expect(results.map((result) => result.id)).toEqual(calls.map((call) => call.id));
      const said = results.map(({ text }) => JSON.parse(text) as { content?: unknown });
      // The SDK for Google puts what a tool gave under `content`.
      expect(said.map((value) => value.content ?? value)).toEqual([
        { city: 'Zürich', sky: 'sunny' },
        { city: 'Bergen', sky: 'rainy' },
      ]);
    };

    it('runs tools called in parallel and goes on with what they gave', async () => {
      stage.will(TWO_CALLS, TEXT);
      const result = await generateText({ model: model(), ...asked, ...steps });
      expect(result.steps.map((step) => step.finishReason)).toEqual(['tool-calls', 'stop']);
      expect(result.text).toBe(TEXT.text);
      expectResultsSent();
    });

    it('runs them in streams too', async () => {
      stage.will({ text: 'Let me look.', ...TWO_CALLS }, TEXT);
      // By default this SDK sends only references to what it takes to be kept by the provider.
      const providerOptions = { openai: { store: false } };
      const result = streamText({ model: model(), ...asked, ...steps, providerOptions });
      await result.consumeStream();
      expect((await result.steps).map((step) => step.finishReason)).toEqual(['tool-calls', 'stop']);
      expect(await result.text).toBe(TEXT.text);
      expectResultsSent();
      expect(stage.lastHeard.said).toEqual(['Let me look.']);
    });

    it('gives an object by its schema', async () => {
      stage.will(JSON_TEXT);
      const { output } = await generateText({ model: model(), ...asked, ...BY_SCHEMA });
      expect(output).toEqual({ city: 'Zürich', degrees: 21 });
      expect(stage.lastHeard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees'] });
    });

    it('streams an object as it grows', async () => {
      stage.will(JSON_TEXT);
      const result = streamText({ model: model(), ...asked, ...BY_SCHEMA });
      const grown: unknown[] = [];
      for await (const part of result.partialOutputStream) grown.push(part);
      expect(grown.at(-1)).toEqual({ city: 'Zürich', degrees: 21 });
      expect(grown.length).toBeGreaterThan(1);
    });

    it('shows an image', async () => {
      stage.will(TEXT);
      const image = { type: 'file' as const, mediaType: 'image/png', data: Buffer.from(PIXEL, 'base64') };
      const content = [{ type: 'text' as const, text: 'What is this?' }, image];
      await generateText({ model: model(), messages: [{ role: 'user', content }] });
      expect(stage.lastHeard).toMatchObject({
        questions: ['What is this?'],
        images: [`data:image/png;base64,${PIXEL}`],
      });
    });

    it('tells reasoning apart from the text', async () => {
      const thinks = { reasoning: { text: 'Clouds? None.', proof: 'cHJvb2Y=' }, ...TEXT };
      stage.will(thinks);
      const { finalStep: whole } = await generateText({ model: model(), ...asked });
      expect(whole.reasoningText).toBe(SHOWS_NO_REASONING.has(name) ? undefined : 'Clouds? None.');
      expect(whole.text).toBe(TEXT.text);
    });

    it('says that the answer was cut short', async () => {
      stage.will({ text: 'Sun', end: 'length' });
      expect((await generateText({ model: model(), ...asked })).finishReason).toBe('length');
    });

    it('throws the refusal of the provider with its status and words', async () => {
      stage.upstream.will((call, response) => answerJson(response, 400, VENDORS[formatOf(call)].refusal(TOO_LONG)));
      const error: unknown = await generateText({ model: model(), ...asked }).catch((thrown: unknown) => thrown);
      expect(APICallError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({ statusCode: 400, isRetryable: false, message: TOO_LONG });
    });

    it('tries again by itself when the provider has too much to do', async () => {
      stage.will(TEXT);
      let attempts = 0;
      const { upstream } = stage;
      upstream.will((call, response) => {
        attempts += 1;
        if (attempts === 1)
          answerJson(response, 429, VENDORS[formatOf(call)].refusal(TOO_LONG), { 'retry-after-ms': '1' });
        else answerJson(response, 200, VENDORS[formatOf(call)].whole(TEXT));
      });
      expect((await generateText({ model: model(), ...asked })).text).toBe(TEXT.text);
      expect(attempts).toBe(2);
    });

    it('hears of an error inside a stream', async () => {
      stage.upstream.will((call, response) => {
        const format = formatOf(call);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(begunIn(format) + VENDORS[format].overload);
      });
      const errors: unknown[] = [];
      const result = streamText({
        model: model(),
        ...asked,
        maxRetries: 0,
        onError: ({ error }) => void errors.push(error),
      });
      await result.consumeStream();
      expect(errors).not.toEqual([]);
      expect(JSON.stringify(errors)).toContain('overloaded');
    });

    it('stops the provider when the caller aborts', async () => {
      stage.upstream.calls.length = 0;
      stage.upstream.will((call, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(begunIn(formatOf(call)));
      });
      const controller = new AbortController();
      const result = streamText({ model: model(), ...asked, abortSignal: controller.signal, onError: () => undefined });
      for await (const piece of result.textStream) {
        expect(piece).not.toBe('');
        controller.abort();
      }
      const [call] = await stage.upstream.received(1);
      await call?.abandoned;
    });
  });

  it.each(['openai-compatible/up', 'gemini/up'])(
    'gives an object by the tool that @ai-sdk/anthropic makes of a schema, to %s',
    async (id) => {
      stage.will({ calls: [{ id: 'call_json', name: 'json', input: { city: 'Zürich', degrees: 21 } }] });
      const model = SDKS['anthropic-messages'].models(gateway.url, key)(id);
      const { output } = await generateText({ model, prompt: 'How is the weather?', output: BY_SCHEMA.output });
      expect(output).toEqual({ city: 'Zürich', degrees: 21 });
      expect(stage.lastHeard.tools).toEqual(['json']);
    },
  );
});
