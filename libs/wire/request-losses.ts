import type { CanonicalRequest, GenerationSettings, LossReport } from '../protocol/index.js';

type Setting = keyof GenerationSettings;

/** Values that say what holds anyway: leaving them out loses nothing. */
const NEUTRAL: Readonly<Partial<Record<Setting, unknown>>> = {
  choices: 1,
  logprobs: false,
  presencePenalty: 0,
  frequencyPenalty: 0,
  topLogprobs: 0,
};

/** Reports every generation setting that is set and that the format does not carry. */
export function reportGeneration(
  report: LossReport,
  generation: GenerationSettings,
  carried: ReadonlySet<Setting>,
): void {
  for (const name of Object.keys(generation) as Setting[]) {
    const value = generation[name];
    if (value === undefined || carried.has(name) || value === NEUTRAL[name]) continue;
    report.add(`generation.${name}`, 'not known to the target');
  }
}

type RequestField = 'audioOutput' | 'metadata' | 'modalities' | 'safety' | 'serviceTier' | 'store' | 'user';

/** Reports every one of these fields that is set and says something. */
export function reportRequestFields(
  report: LossReport,
  request: CanonicalRequest,
  lost: readonly RequestField[],
): void {
  for (const name of lost) {
    if (saysSomething(name, request[name])) report.add(name, 'not known to the target');
  }
}

/** Text is what every answer is made of, and keeping nothing is what a provider without a store does. */
function saysSomething(name: RequestField, value: unknown): boolean {
  if (value === undefined) return false;
  if (name === 'store') return value === true;
  if (name === 'modalities') return !(Array.isArray(value) && value.every((one) => one === 'text'));
  if (name === 'serviceTier') return value !== 'auto' && value !== 'default';
  return true;
}
