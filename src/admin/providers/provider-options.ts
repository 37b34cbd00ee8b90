import { GatewayError } from '../../../libs/protocol/index.js';
import { ownBaseUrl, type ProviderOptions, type ProviderProfile } from '../../providers/provider-profile.js';
import { profileOf } from '../../providers/profiles.js';

/**
 * Checks the options of a provider against what its vendor knows.
 * @param field of the body that has them
 * @throws GatewayError invalid_request naming the field
 */
export function checkOptions(kind: string, options: ProviderOptions, field = 'options'): void {
  const known = profile(kind).options ?? [];
  for (const [name, value] of Object.entries(options)) {
    const option = known.find((candidate) => candidate.name === name);
    if (option === undefined) refuse(`${field}.${name}`, `is no option of ${kind}${whichItHas(known)}`);
    if (typeof value !== 'string' || !option.pattern.test(value))
      refuse(`${field}.${name}`, `must match ${option.pattern}.`);
  }
  for (const { name, required } of known) {
    if (required === true && options[name] === undefined) refuse(`${field}.${name}`, `is needed for the kind ${kind}.`);
  }
}

/**
 * The options with what they are where nobody says.
 */
export function withFallbacks(kind: string, options: ProviderOptions): ProviderOptions {
  const fallbacks = (profile(kind).options ?? []).flatMap(({ name, fallback }) =>
    fallback === undefined ? [] : [[name, fallback] as const],
  );
  return { ...Object.fromEntries(fallbacks), ...options };
}

/**
 * What the vendor's own SDK calls.
 * @throws GatewayError invalid_request where there is no such place
 */
export function baseUrlOf(kind: string, options: ProviderOptions): string {
  const url = ownBaseUrl(profile(kind), options);
  if (url === null) refuse('base_url', `is needed for the kind ${kind} (or the options it is made of).`);
  return url;
}

function profile(kind: string): ProviderProfile {
  const found = profileOf(kind);
  if (found === undefined) refuse('kind', 'is none there is.');
  return found;
}

function whichItHas(options: readonly { name: string }[]): string {
  if (options.length === 0) return ', which has none.';
  return `; it has ${options.map(({ name }) => name).join(', ')}.`;
}

function refuse(param: string, why: string): never {
  throw new GatewayError('invalid_request', `${param} ${why}`, { param });
}
