import { latestNames, listedElsewhere } from './price-aliases.js';
import type { ProviderEntry } from './snapshot.js';

const HUGGING_FACE = { name: 'hf', baseUrl: 'https://router.huggingface.co/v1' } as ProviderEntry;
const ACME = { name: 'acme', baseUrl: 'https://acme.example' } as ProviderEntry;

describe('other names of a model in the price list', () => {
  it('are those of the vendor behind a router, for models only that vendor serves', () => {
    const behind = (model: string) => listedElsewhere('openrouter', null, model);
    expect(behind('openai/text-embedding-3-small')).toEqual([{ vendor: 'openai', model: 'text-embedding-3-small' }]);
    expect(behind('anthropic/claude-x')).toEqual([{ vendor: 'anthropic', model: 'claude-x' }]);
    for (const other of ['openai/gpt-oss-20b', 'meta-llama/llama-4', 'openai/claude-x', 'openai/gpt-5:free', 'gpt-5']) {
      expect(behind(other)).toEqual([]);
    }
    expect(listedElsewhere('azure', ACME, 'openai/gpt-5')).toEqual([]);
  });

  it('are those of the provider that a model on Hugging Face ends with', () => {
    expect(listedElsewhere(undefined, HUGGING_FACE, 'moonshotai/kimi:groq')).toEqual([
      { vendor: 'huggingface_groq', model: 'moonshotai/kimi' },
      { vendor: 'groq', model: 'moonshotai/kimi' },
    ]);
    expect(listedElsewhere(undefined, HUGGING_FACE, 'moonshotai/kimi')).toEqual([]);
    expect(listedElsewhere(undefined, ACME, 'moonshotai/kimi:groq')).toEqual([]);
  });

  it('are the dated ones of the latest, each from its month on', () => {
    const listed = ['small-2410', 'small', 'small-2512', 'small-24b', 'small-2513', 'smaller-2601', 'small-2512-fast'];
    expect(latestNames('small-latest', listed)).toEqual([
      { model: 'small-2512', fromMs: Date.UTC(2025, 11) },
      { model: 'small-2410', fromMs: Date.UTC(2024, 9) },
      { model: 'small', fromMs: Number.NEGATIVE_INFINITY },
    ]);
    expect(latestNames('small', listed)).toEqual([]);
    expect(latestNames('tiny-latest', listed)).toEqual([]);
  });
});
