import { WIRE_FORMATS } from '../../libs/wire/index.js';
import {
  BrokenStream,
  type Conversation,
  DialectFailure,
  type Opening,
  type Told,
} from '../support/conversations/conversation.js';
import { CONVERSATIONS } from '../support/conversations/conversations.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { answerJson } from '../support/scripted-upstream.js';
import type { SpokenAnswer } from '../support/vendors/vendor.js';
import { formatOf, VENDORS, type VendorFormat, VendorStage, wantsStream } from '../support/vendors/vendor-stage.js';

/** A model that is behind each dialect, and behind no other. */
const MODELS: Record<VendorFormat, string> = {
  'openai-chat': 'openai-compatible/up',
  'openai-responses': 'openai/gpt-5-codex',
  'anthropic-messages': 'anthropic/claude-sonnet-4-5',
  'gemini-generate-content': 'gemini/gemini-3-pro',
};

const spoken = (Object.keys(MODELS) as VendorFormat[]).filter((format) => WIRE_FORMATS[format] !== undefined);
const pairs = spoken.flatMap((caller) =>
  spoken.flatMap((vendor) => (['whole', 'stream'] as const).map((kind) => [caller, vendor, kind] as const)),
);

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQImWNwav0CAALIAbzDqqRyAAAAAElFTkSuQmCC';
const PHOTO = 'https://images.example/zurich.png';
const TOOLS = [
  {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', description: 'Its name' }, days: { type: 'integer', minimum: 1 } },
      required: ['city'],
    },
  },
  { name: 'get_time', description: 'What time it is', parameters: { type: 'object', properties: {} } },
];
const SCHEMA = {
  type: 'object',
  properties: {
    city: { type: 'string' },
    days: {
      type: 'array',
      items: {
        type: 'object',
        properties: { degrees: { type: 'number' }, sky: { type: 'string', enum: ['clear', 'grey'] } },
        required: ['degrees', 'sky'],
        additionalProperties: false,
      },
    },
  },
  required: ['city', 'days'],
  additionalProperties: false,
};

const USED = { input: 112, cached: 40, output: 37, reasoning: 20 };
const TEXT: SpokenAnswer = { text: 'Sunny, 21 °C – enjoy! 🌞' };
/** Cut in three, its middle is blank: a caller that keeps the pieces apart sends that back. */
const GAPPED: SpokenAnswer = { text: 'Sunny\n\n \n\nEnjoy' };
const INPUTS = [{ city: 'Zürich', days: 2 }, {}, { city: 'Bergen "north"\n🌧' }];
const CALLS: SpokenAnswer = {
  text: 'Let me look.',
  calls: INPUTS.map((input, at) => ({ id: `call_${String(at)}`, name: at === 1 ? 'get_time' : 'get_weather', input })),
};
const THOUGHT = { text: 'They want the sky. Look it up.', proof: 'cHJvb2Ygb2YgdGhvdWdodA==' };

const outcomesOf = ({ calls }: Told) =>
  calls.map(({ id, name }, at) => ({ id, name, text: `outcome ${String(at)}: ü` }));

describe('pairs of dialects', () => {
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

  describe.each(pairs)('%s to %s, %s', (caller, vendor, kind) => {
    const begin = (opening: Omit<Opening, 'model'> = {}): Conversation =>
      CONVERSATIONS[caller](
        { url: gateway.url, key, streams: kind === 'stream' },
        { model: MODELS[vendor], ...opening },
      );

    it('carries instructions, a text, and what was used', async () => {
      stage.will(TEXT);
      const told = await begin({ instructions: 'Be brief – ünd kind.', maxTokens: 50 }).say('How is the weather? 🌦');
      expect(told).toEqual({ text: TEXT.text, reasoning: '', calls: [], end: 'stop', usage: USED, loss: null });
      expect(stage.lastHeard).toMatchObject({
        instructions: 'Be brief – ünd kind.',
        questions: ['How is the weather? 🌦'],
        maxTokens: 50,
      });
    });

    it('keeps what was said in a conversation of several turns', async () => {
      stage.will(GAPPED, { text: 'Rain.' });
      const conversation = begin({ instructions: 'Be brief.' });
      await conversation.say('Today?');
      const told = await conversation.say('And tomorrow?');
      expect(told.text).toBe('Rain.');
      expect(stage.lastHeard).toMatchObject({
        instructions: 'Be brief.',
        questions: ['Today?', 'And tomorrow?'],
      });
      expect(stage.lastHeard.said.join('')).toBe(GAPPED.text);
    });

    it('carries parallel calls of tools, their results back, and goes on', async () => {
      stage.will(CALLS, TEXT, { calls: [{ id: 'call_9', name: 'get_time', input: {} }] }, { text: 'Noon.' });
      const conversation = begin({ tools: TOOLS });
      const called = await conversation.say('How is the weather?');
      expect(called).toMatchObject({ text: 'Let me look.', end: 'calls', usage: USED });
      expect(called.calls.map(({ name, input }) => ({ name, input }))).toEqual(
        CALLS.calls?.map(({ name, input }) => ({ name, input })),
      );
      expect(new Set(called.calls.map(({ id }) => id)).size).toBe(3);
      expect(stage.lastHeard.tools).toEqual(['get_weather', 'get_time']);

      const answered = await conversation.give(outcomesOf(called));
      expect(answered).toMatchObject({ text: TEXT.text, end: 'stop', calls: [] });
      const heard = stage.lastHeard;
      expect(heard.calls.map(({ name, input }) => ({ name, input }))).toEqual(
        CALLS.calls?.map(({ name, input }) => ({ name, input })),
      );
      expect(heard.results).toEqual(heard.calls.map(({ id }, at) => ({ id, text: `outcome ${String(at)}: ü` })));
      expect(heard.said.join('')).toBe('Let me look.');

      const again = await conversation.say('And the time?');
      await conversation.give(outcomesOf(again));
      expect(stage.lastHeard.results).toHaveLength(4);
      expect(stage.lastHeard.said.join('')).toBe(`Let me look.${String(TEXT.text)}`);
      expect(new Set(stage.lastHeard.calls.map(({ id }) => id)).size).toBe(4);
    });

    it.each(['required', 'none'] as const)('carries the choice of tools "%s"', async (toolChoice) => {
      stage.will(TEXT);
      const told = await begin({ tools: TOOLS, toolChoice }).say('How is the weather?');
      expect(told.loss).toBeNull();
      expect(stage.lastHeard.choice).toBe(toolChoice);
    });

    it('carries images by data and by URL', async () => {
      stage.will(TEXT);
      const told = await begin().say('What is this?', [PIXEL, PHOTO]);
      expect(told.text).toBe(TEXT.text);
      expect(stage.lastHeard).toMatchObject({
        questions: ['What is this?'],
        images: [`data:image/png;base64,${PIXEL}`, PHOTO],
      });
    });

    it('carries the schema of the output', async () => {
      const json = '{"city":"Zürich","days":[{"degrees":21.5,"sky":"clear"}]}';
      stage.will({ text: json });
      const told = await begin({ schema: SCHEMA }).say('How is the weather?');
      expect(told).toMatchObject({ text: json, end: 'stop', loss: null });
      expect(stage.lastHeard.schema).toEqual(SCHEMA);
    });

    it('tells thoughts apart, and takes them back with their proof', async () => {
      stage.will({ reasoning: THOUGHT, ...CALLS }, { reasoning: THOUGHT, ...TEXT }, { text: 'Bye.' });
      const conversation = begin({ tools: TOOLS, thinks: true });
      const called = await conversation.say('How is the weather?');
      expect(called).toMatchObject({ reasoning: THOUGHT.text, text: 'Let me look.', end: 'calls', usage: USED });
      expect(stage.lastHeard.thinks).toBe(true);
      const answered = await conversation.give(outcomesOf(called));
      expect(answered).toMatchObject({ reasoning: THOUGHT.text, text: TEXT.text, end: 'stop' });
      expect(stage.lastHeard.thoughts.map(({ proof }) => proof)).toEqual(proofs(vendor, 1));
      await conversation.say('Thank you!');
      expect(stage.lastHeard.thoughts.map(({ proof }) => proof)).toEqual(
        proofs(vendor, KEEPS_NO_TEXT_PROOF.has(`${caller} ${vendor}`) ? 1 : 2),
      );
    });

    it.each(['length', 'filter'] as const)('says that the answer ended by its %s', async (end) => {
      stage.will({ text: 'Sun', end });
      const told = await begin().say('How is the weather?');
      expect(told).toMatchObject({ text: 'Sun', end, usage: USED });
    });

    it('tells a refusal of the provider in the words of the caller', async () => {
      stage.upstream.will((call, response) =>
        answerJson(response, 400, VENDORS[formatOf(call)].refusal('The prompt is too long.')),
      );
      const failure: unknown = await begin()
        .say('How is the weather?')
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(DialectFailure);
      expect(failure).toMatchObject({ status: 400, said: { message: 'The prompt is too long.' } });
    });

    if (kind === 'stream' && caller === 'openai-chat') {
      it('hides the usage nobody asked for', async () => {
        stage.will(TEXT);
        const body = { model: MODELS[vendor], stream: true, messages: [{ role: 'user', content: 'Hello' }] };
        const text = await (await gateway.chat(key, body)).text();
        expect(text).toContain('[DONE]');
        expect(text).not.toContain('"prompt_tokens"');
        expect(text).not.toContain('"choices":[]');
      });
    }

    if (kind === 'stream') {
      it.each([
        ['a call', { calls: [{ id: 'call_0', name: 'get_time', input: {} }] }],
        ['a thought', { reasoning: THOUGHT, text: '' }],
      ] as const)('counts %s as the first token', async (_name, answer) => {
        stage.will(answer);
        await begin({ tools: TOOLS }).say('What time is it?');
        const id = String(stage.upstream.calls.at(-1)?.headers['x-request-id']);
        expect((await gateway.callLine(id))['ttft_ms']).toEqual(expect.any(Number));
      });

      it('tells of an error inside the stream, and does not end as if it were whole', async () => {
        stage.upstream.will((call, response) => {
          const said = VENDORS[formatOf(call)];
          const begun = said.stream(TEXT).split('\n\n').slice(0, 5).join('\n\n');
          expect(wantsStream(call)).toBe(true);
          response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`${begun}\n\n${said.overload}`);
        });
        const failure: unknown = await begin()
          .say('How is the weather?')
          .catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(BrokenStream);
        expect((failure as Error).message).toContain('overloaded');
      });
    }
  });
});

/** Responses has no place for what Gemini wants back with a text; the loss is told. Gemini itself can do without. */
const KEEPS_NO_TEXT_PROOF: ReadonlySet<string> = new Set(['openai-responses gemini-generate-content']);

/** Chat Completions has no proof of a thought, and wants none back. */
const proofs = (vendor: VendorFormat, times: number): string[] =>
  vendor === 'openai-chat' ? [] : Array.from({ length: times }, () => THOUGHT.proof);
