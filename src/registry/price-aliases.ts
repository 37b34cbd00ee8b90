import type { ProviderEntry } from './snapshot.js';

/** Where the list has a price. */
export interface ListedName {
  /** The vendor's name in the list. */
  readonly vendor: string;
  readonly model: string;
}

/**
 * Models only their vendor can serve, so that even behind an unknown URL (a proxy, say) they cost what the vendor asks. Models
 * with open weights are not among them: whoever runs those sets their price.
 */
const ONLY_THEIR_VENDORS: readonly (readonly [RegExp, string])[] = [
  [/^(?:gpt-(?!oss)|chatgpt-|o[134](?:-|$)|text-embedding-(?:3|ada)|tts-1|dall-e)/i, 'openai'],
  [/^claude/i, 'anthropic'],
  [/^gemini/i, 'google'],
];

/** The only vendor that serves a model of this name. */
export const onlyVendorOf = (model: string): string | undefined =>
  ONLY_THEIR_VENDORS.find(([name]) => name.test(model))?.[1];

/**
 * What else a model may be called in the list, the likeliest first: routers charge what the vendor behind them asks, and name
 * it in the model. https://openrouter.ai/docs/faq, https://huggingface.co/docs/inference-providers/pricing
 */
export function listedElsewhere(
  vendor: string | undefined,
  provider: ProviderEntry | null,
  model: string,
): ListedName[] {
  if (vendor === 'openrouter') return behindOpenRouter(model);
  return vendor === undefined && provider !== null && isHuggingFace(provider) ? behindHuggingFace(model) : [];
}

/** `openai/gpt-5` */
function behindOpenRouter(model: string): ListedName[] {
  const [, maker = '', name = ''] = /^([a-z]+)\/([^:]+)$/.exec(model.toLowerCase()) ?? [];
  return onlyVendorOf(name) === maker ? [{ vendor: maker, model: name }] : [];
}

/** `moonshotai/kimi:groq` */
function behindHuggingFace(model: string): ListedName[] {
  const found = /^(.+):([a-z0-9-]+)$/i.exec(model);
  if (found === null) return [];
  const [, name = '', behind = ''] = found;
  return [`huggingface_${behind}`, behind].map((vendor) => ({ vendor, model: name }));
}

const isHuggingFace = ({ name, baseUrl }: ProviderEntry): boolean =>
  name.toLowerCase() === 'huggingface' || baseUrl.startsWith('https://router.huggingface.co/');

/** A model as `-latest` meant it from `fromMs` (epoch ms) on. */
export interface LatestName {
  readonly model: string;
  readonly fromMs: number;
}

/**
 * What `x-latest` stands for where the list does not say so: the newest of `x-2512`, `x-2410` (year and month, from the first of
 * the month on) and before them `x`. The newest first.
 */
export function latestNames(model: string, listed: readonly string[]): LatestName[] {
  if (!model.endsWith('-latest')) return [];
  const base = model.slice(0, -'-latest'.length);
  const names = listed.flatMap((name): LatestName[] => {
    if (name === base) return [{ model: name, fromMs: Number.NEGATIVE_INFINITY }];
    const date = name.startsWith(`${base}-`) ? /^(\d\d)(0[1-9]|1[0-2])$/.exec(name.slice(base.length + 1)) : null;
    return date === null ? [] : [{ model: name, fromMs: Date.UTC(2000 + Number(date[1]), Number(date[2]) - 1) }];
  });
  return names.sort((a, b) => (a.fromMs < b.fromMs ? 1 : -1));
}
