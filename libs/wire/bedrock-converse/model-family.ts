/** Whose model it is, as far as requests differ. `unknown`: its name does not tell (profiles and endpoints by ARN). */
export type ModelFamily = 'claude' | 'nova' | 'nova-2' | 'gpt-oss' | 'other' | 'unknown';

const FAMILIES: readonly (readonly [name: RegExp, family: ModelFamily])[] = [
  [/claude|anthropic\./i, 'claude'],
  [/nova-2/i, 'nova-2'],
  [/nova/i, 'nova'],
  [/gpt-oss|openai\./i, 'gpt-oss'],
  // `us.meta.llama3-1-8b-instruct-v1:0`: perhaps a region, a vendor, a model.
  [/^(?:[a-z]+(?:-[a-z]+)?\.)?[a-z0-9]+\./i, 'other'],
];

export function familyOf(model: string): ModelFamily {
  return FAMILIES.find(([name]) => name.test(model))?.[1] ?? 'unknown';
}

/** Whether cache points may be sent to models of the family. */
export function hasPromptCache(family: ModelFamily): boolean {
  return family !== 'other' && family !== 'gpt-oss';
}

const VERSION = /claude-(?:opus|sonnet|haiku)-(\d+)(?:-(\d{1,2})(?!\d))?/i;

/** Whether a Claude finds its own measure of thinking: from 4.6 on. */
export function thinksAdaptively(model: string): boolean {
  const [, major = '0', minor = '0'] = VERSION.exec(model) ?? [];
  return Number(major) > 4 || (major === '4' && Number(minor) >= 6);
}
