import { calcPrice } from '@pydantic/genai-prices';
import { costOf } from '../../libs/protocol/index.js';
import { PublishedPrices } from '../../src/registry/price-list.service.js';
import { cardAt } from '../../src/registry/price-period.js';
import type { ProviderEntry } from '../../src/registry/snapshot.js';
import { exact, nanoDollarsOf, pricesAt, RawPrices } from './published-prices.js';
import { haveRecordings, RECORDINGS, recordings, usageIn, type Json, type Recording } from './recorded-usage.js';
import { billFor, usdFor } from './vendor-bills.js';

/** For recordings that do not say when they were made. */
const SOME_DAY = new Date('2026-11-01T12:00:00Z');

/** Whose prices in the list the answers of a recorded provider cost. */
const VENDORS: Readonly<Record<string, string>> = {
  anthropic: 'anthropic',
  azure: 'azure',
  bedrock: 'aws',
  'bedrock-mantle': 'aws',
  cerebras: 'cerebras',
  cloudflare: 'cloudflare',
  cohere: 'cohere',
  deepseek: 'deepseek',
  doubleword: 'doubleword',
  gemini: 'google',
  groq: 'groq',
  mistral: 'mistral',
  openai: 'openai',
  openrouter: 'openrouter',
  perplexity: 'perplexity',
  // Not in the list itself; Claude costs what Anthropic asks unless an own price says otherwise.
  snowflake: 'anthropic',
  together: 'together',
  vertex: 'google',
  voyage: 'voyageai',
  xai: 'x-ai',
};

/** Recorded models that the list has under another name, by provider and model: the vendor's name in the list, and its name there. */
const LISTED_AS: Readonly<Record<string, readonly [vendor: string, model: string]>> = {
  'huggingface moonshotai/Kimi-K2-Instruct-0905:groq': ['groq', 'moonshotai/kimi-k2-instruct'],
  'mistral ministral-3b-latest': ['mistral', 'ministral-3b-2512'],
  'openrouter openai/gpt-4o-mini-transcribe': ['openai', 'gpt-4o-mini-transcribe'],
  'openrouter openai/text-embedding-3-small': ['openai', 'text-embedding-3-small'],
};

const OWN_HARDWARE = 'runs on own hardware: nobody publishes a price';
const NOT_LISTED = 'the list has no price of this vendor for it';
const NO_NAME = 'the recording does not say which model it was';

/** Recorded answers with usage but without a known price, by provider and model, and why. */
const UNPRICED: Readonly<Record<string, string>> = {
  'azure openllmetry-testing': 'a deployment name; only the answer says which model it was',
  'azure deepseek-v3.1': NOT_LISTED,
  'bedrock ': NO_NAME,
  'bedrock zai.glm-4.7-flash': NOT_LISTED,
  'bedrock-mantle openai.gpt-oss-safeguard-20b': NOT_LISTED,
  'cohere ': NO_NAME,
  'cohere command-a-plus-05-2026': NOT_LISTED,
  'cohere command-a-vision-07-2025': NOT_LISTED,
  'databricks databricks-claude-3-7-sonnet': 'Databricks is not in the list',
  'doubleword Qwen/Qwen3.5-397B-A17B-FP8': 'the list has it at full precision only',
  'gpustack qwen3': OWN_HARDWARE,
  'groq allam-2-7b': NOT_LISTED,
  'llamacpp Qwen3-1.7B-Q4_K_M': OWN_HARDWARE,
  'llamacpp bge-reranker-v2-m3-Q4_K_M': OWN_HARDWARE,
  'lmstudio mistralai/ministral-3-14b-reasoning': OWN_HARDWARE,
  'ollama gemma3:1b': OWN_HARDWARE,
  'ollama nomic-embed-text': OWN_HARDWARE,
  'ollama qwen2.5:14b': OWN_HARDWARE,
  'ollama qwen3': OWN_HARDWARE,
  'ollama qwen3:4b': OWN_HARDWARE,
  'openai llama-cpp-reasoning-model': OWN_HARDWARE,
  'vllm facebook/opt-125m': OWN_HARDWARE,
  'vllm intfloat/e5-mistral-7b-instruct': OWN_HARDWARE,
  'vllm meta-llama/Llama-3.2-1B-Instruct': OWN_HARDWARE,
  'voyage rerank-2-lite': NOT_LISTED,
};

/** Where the vendor's own bill differs from the list, by the end of the recording's name, and why. */
const LIST_DIFFERS: Readonly<Record<string, string>> = {
  '3806bf5c.json': 'Azure passes on the field of xAI with 0 in it',
  'd5279652.json': 'Perplexity asks less by the request for a small search; the list has one price',
  'e89ff2e9.json': 'xAI answered with grok-4.3 and charged that',
  '0f53651f.json': 'two searches of X for 0.005 USD each, which the list does not have',
};

interface Priced {
  readonly recording: Recording;
  readonly raw: Json[];
  readonly cost: number;
}

function providerOf({ provider, host }: Recording): ProviderEntry {
  const baseUrl = `https://${host ?? 'somewhere.example'}`;
  return {
    id: provider,
    name: provider,
    kind: 'openai-compatible',
    baseUrl,
    options: {},
    active: true,
    credentials: [],
  };
}

/** What the vendor says it charged, in nano-dollars; `null`: it does not say. A tick of xAI is a tenth of a nano-dollar. */
function statedCost(usage: Json): bigint | null {
  const { cost, cost_in_usd_ticks: ticks } = usage as {
    cost?: number | { total_cost: number };
    cost_in_usd_ticks?: number;
  };
  if (ticks !== undefined) return BigInt(ticks) / 10n;
  if (cost === undefined) return null;
  return nanoDollarsOf(exact(typeof cost === 'number' ? cost : cost.total_cost));
}

const describeRecordings = haveRecordings ? describe : describe.skip;
if (!haveRecordings) {
  process.stdout.write(`No recordings at ${RECORDINGS}: the costs of recorded answers are NOT checked.\n`);
}

describeRecordings('the cost of every recorded answer', () => {
  const prices = new PublishedPrices();
  const priced: Priced[] = [];
  const unpriced: string[] = [];

  beforeAll(async () => {
    await prices.onModuleInit();
    for (const recording of recordings()) {
      const found = usageIn(recording);
      if (found === null) continue;
      const at = (recording.at ?? SOME_DAY).getTime();
      const card = cardAt(prices.find(providerOf(recording), recording.model), at);
      if (card === null) unpriced.push(`${recording.provider} ${recording.model}`);
      else priced.push({ recording, raw: found.raw, cost: costOf(found.usage, card) });
    }
  });

  it('is the published price of what the vendor reported, to the nano-dollar', () => {
    const found = priced.map(({ recording, cost }) => `${recording.id}: ${cost}`);
    const wanted = priced.map(({ recording, raw }) => {
      const [vendor, name] = LISTED_AS[`${recording.provider} ${recording.model}`] ?? [
        VENDORS[recording.provider],
        recording.model,
      ];
      const model = vendor === undefined ? null : calcPrice({}, name, { providerId: vendor })?.model;
      if (model === null || model === undefined) return `${recording.id}: no price`;
      const bill = billFor(recording.wire, recording.provider)(...raw);
      const rows = new RawPrices(pricesAt(model.prices, recording.at ?? SOME_DAY), bill.inputTokens);
      return `${recording.id}: ${nanoDollarsOf(usdFor(bill, rows))}`;
    });
    expect(found).toEqual(wanted);
    expect(priced.length).toBeGreaterThan(200);
    process.stdout.write(`${priced.length} recorded answers cost what the list says.\n`);
  });

  it('is what the vendor itself says it charged, where it says so and charges by the list', () => {
    const stated = priced.flatMap(({ recording, raw, cost }) => {
      const charged = statedCost(raw.at(-1));
      if (charged === null) return [];
      return [{ name: recording.id.slice(-'3806bf5c.json'.length), agrees: charged === BigInt(cost) }];
    });
    const differing = stated.filter(({ agrees }) => !agrees).map(({ name }) => name);
    expect(differing.sort()).toEqual(Object.keys(LIST_DIFFERS).sort());
    expect(stated.length - differing.length).toBeGreaterThanOrEqual(3);
  });

  it('is unknown only for the models below', () => {
    expect([...new Set(unpriced)].sort()).toEqual(Object.keys(UNPRICED).sort());
    const missed = unpriced.filter((name) => {
      const [provider = '', model = ''] = name.split(/ (.*)/);
      const vendor = VENDORS[provider];
      return vendor !== undefined && calcPrice({}, model, { providerId: vendor }) !== null;
    });
    expect(missed).toEqual([]);
    const reasons = Object.entries(UNPRICED).map(([name, why]) => {
      return `  ${unpriced.filter((one) => one === name).length} × ${name.trim()}: ${why}\n`;
    });
    process.stdout.write(`${unpriced.length} recorded answers have no known price:\n${reasons.join('')}`);
  });

  it('is checked for cached, written, reasoning, audio and image tokens, seconds and searches', () => {
    const kinds = new Set<string>();
    for (const recording of recordings()) {
      const usage = usageIn(recording)?.usage;
      for (const [kind, count] of Object.entries(usage ?? {})) if (count > 0) kinds.add(kind);
    }
    expect([...kinds]).toEqual(
      expect.arrayContaining([
        'cachedTokens',
        'cacheWrite5mTokens',
        'reasoningTokens',
        'audioInputTokens',
        'cachedAudioTokens',
        'audioOutputTokens',
        'imageInputTokens',
        'imageOutputTokens',
        'audioSeconds',
        'webSearches',
      ]),
    );
  });
});
