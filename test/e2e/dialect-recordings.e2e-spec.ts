import type { ServerResponse } from 'node:http';
import type { FormatId } from '../../libs/protocol/index.js';
import { WIRE_FORMATS } from '../../libs/wire/index.js';
import { type Exchange, exchangesOf, haveRecordings } from '../contract/wire/recorded-exchanges.js';
import { BrokenStream, DialectFailure, type Opening, type Told } from '../support/conversations/conversation.js';
import { CONVERSATIONS } from '../support/conversations/conversations.js';
import {
  type Meaning,
  meaningOfAnswer,
  meaningOfStream,
  NO_JSON,
  wordsOf,
} from '../support/conversations/recorded-meaning.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import type { VendorFormat } from '../support/vendors/vendor-stage.js';

/** Each format, what was recorded of it, and a model that is behind no other. */
const RECORDED: Partial<Record<FormatId, { model: string; wires: readonly string[] }>> = {
  'openai-chat': {
    model: 'openai-compatible/up',
    wires: ['openai.chat', 'azure.chat', 'groq.chat', 'deepseek.chat', 'mistral.chat'],
  },
  'openai-responses': { model: 'openai/gpt-5-codex', wires: ['openai.responses'] },
  'anthropic-messages': { model: 'anthropic/up', wires: ['anthropic.messages'] },
  'gemini-generate-content': { model: 'gemini/up', wires: ['gemini.generateContent'] },
  'bedrock-converse': { model: 'bedrock/up', wires: ['bedrock.converse'] },
  'cohere-chat': { model: 'cohere/up', wires: ['cohere.chat'] },
};

const callers = (Object.keys(CONVERSATIONS) as VendorFormat[]).filter((id) => WIRE_FORMATS[id] !== undefined);
const exchanges = (Object.entries(RECORDED) as [FormatId, { model: string; wires: string[] }][])
  .filter(([format]) => WIRE_FORMATS[format] !== undefined)
  .flatMap(([format, { model, wires }]) =>
    exchangesOf(wires).map(([name, exchange]) => [`${format}: ${name}`, format, model, exchange] as const),
  )
  // After other refusals the gateway leaves the provider's credential alone for a while.
  .filter(([, , , { response }]) => bytesOf(response) !== null && [200, 400, 404, 422].includes(response.status));

/** The recorded bytes; `null` where they were not kept as the vendor sends them. */
function bytesOf({ body, sse, base64 }: Exchange['response']): Buffer | null {
  if (sse !== undefined) return Buffer.from(sse);
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  return body === undefined ? null : Buffer.from(JSON.stringify(body));
}

const isStream = ({ sse, base64 }: Exchange['response']): boolean => sse !== undefined || base64 !== undefined;

/** What of the headers was recorded, and is not about the connection. */
function replay({ status, headers = {}, ...response }: Exchange['response'], to: ServerResponse): void {
  const kept = Object.entries(headers).filter(([name]) =>
    /^(?:content-type|retry-after.*|x-should-retry|x-amzn-.*)$/.test(name),
  );
  const bytes = bytesOf({ status, ...response }) ?? Buffer.alloc(0);
  const streamed = response.base64 === undefined ? 'text/event-stream' : 'application/vnd.amazon.eventstream';
  const type = isStream({ status, ...response }) ? streamed : 'application/json';
  to.writeHead(status, { 'content-type': type, ...Object.fromEntries(kept) });
  for (let at = 0; at < bytes.length; at += 1000) to.write(bytes.subarray(at, at + 1000));
  to.end();
}

const there = haveRecordings ? describe : describe.skip;

there('recorded answers of providers (where the recordings are not, this is skipped)', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let key: string;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    const { url } = upstream;
    gateway = await GatewayProcess.start({
      env: {
        OPENAI_API_KEY: 'sk-test',
        OPENAI_BASE_URL: `${url}/v1`,
        OPENAI_COMPATIBLE_BASE_URL: `${url}/v1`,
        ANTHROPIC_API_KEY: 'sk-ant-test',
        ANTHROPIC_BASE_URL: url,
        GEMINI_API_KEY: 'g-test',
        GEMINI_BASE_URL: url,
        COHERE_API_KEY: 'co-test',
        COHERE_BASE_URL: url,
        BEDROCK_API_KEY: 'bedrock-test',
        BEDROCK_REGION: 'eu-central-1',
        BEDROCK_BASE_URL: url,
      },
    });
    ({ key } = await gateway.key());
  });
  afterAll(async () => {
    await gateway.stop();
    await upstream.close();
  });

  const ask = (caller: VendorFormat, model: string, streams: boolean): Promise<Told> => {
    const opening: Opening = { model, maxTokens: 100 };
    return CONVERSATIONS[caller]({ url: gateway.url, key, streams }, opening).say('What was recorded?');
  };

  it.each(exchanges)('%s is told in every dialect', async (_name, format, model, { response }) => {
    upstream.will((_call, to) => replay(response, to));
    const bytes = bytesOf(response) ?? Buffer.alloc(0);
    const streams = isStream(response);
    const isOk = response.status === 200;
    const meant = !isOk ? null : streams ? meaningOfStream(format, bytes) : meaningOfAnswer(format, bytes);
    for (const caller of callers.filter((other) => other !== format)) {
      const told = ask(caller, model, streams);
      if (meant !== null) expect({ caller, ...said(await told) }).toEqual({ caller, ...expected(meant, await told) });
      else {
        const failure: unknown = await told.then(
          () => 'an answer',
          (error: unknown) => error,
        );
        expect([DialectFailure, BrokenStream]).toContain((failure as Error).constructor);
      }
    }
  });
});

function said({ text, reasoning, calls, end, usage }: Told): Omit<Meaning, 'refusal'> {
  return {
    text: wordsOf(text),
    reasoning: wordsOf(reasoning),
    calls: calls.map(({ name, input }) => ({ name, input })),
    end,
    usage,
  };
}

/**
 * What the gateway counted itself is not in the recording. A refusal is told as such, or as a text where the dialect has no word
 * for it; then the answer may end by it.
 */
function expected({ refusal, ...meant }: Meaning, told: Told): Omit<Meaning, 'refusal'> {
  return {
    ...meant,
    ...(refusal !== '' && wordsOf(told.text) === refusal && { text: refusal }),
    ...(refusal !== '' && told.end === 'filter' && { end: 'filter' }),
    usage: meant.usage ?? told.usage,
    calls: meant.calls.map((call, at) => (call.input === NO_JSON ? { ...call, input: told.calls[at]?.input } : call)),
  };
}
