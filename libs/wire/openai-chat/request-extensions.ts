import { type Fields, isAbsent, isName, isObject, refuse, type RequestField } from './request-fields.js';

const MAX_FALLBACK_MODELS = 5;
const MAX_METADATA_ENTRIES = 32;
const MAX_METADATA_KEY_CHARS = 64;
const MAX_METADATA_VALUE_CHARS = 512;

/** Fields of the gateway's own in a request body; they never reach an upstream. */
export const EXTENSION_FIELDS = [
  'omni_route',
  'omni_provider',
  'omni_metadata',
  'fallback_models',
  'omni_cache',
  'omni_strict',
] as const satisfies readonly RequestField[];

/** What the caller asked of the gateway itself; `null` where nothing was said (`null` in the body says nothing). */
export interface RequestExtensions {
  /** `omni_route`: a named chain. */
  readonly route: string | null;
  /** `omni_provider`: one configured provider. */
  readonly provider: string | null;
  /** `omni_metadata`: at most 32 entries, keys up to 64 and values up to 512 characters. */
  readonly metadata: Readonly<Record<string, string>> | null;
  /** `fallback_models`: at most 5. */
  readonly fallbackModels: readonly string[] | null;
  /** `omni_cache`. */
  readonly cache: boolean | null;
  /** `omni_strict`. */
  readonly strict: boolean | null;
}

const NONE: RequestExtensions = Object.freeze({
  route: null,
  provider: null,
  metadata: null,
  fallbackModels: null,
  cache: null,
  strict: null,
});

/** Reads and checks the extensions; a wrong type is a 400 that names the field. */
export function readExtensions(body: Fields): RequestExtensions {
  if (!EXTENSION_FIELDS.some((name) => body[name] !== undefined)) return NONE;
  return {
    route: nameOf(body, 'omni_route'),
    provider: nameOf(body, 'omni_provider'),
    metadata: metadataOf(body['omni_metadata']),
    fallbackModels: fallbackModelsOf(body['fallback_models']),
    cache: flagOf(body, 'omni_cache'),
    strict: flagOf(body, 'omni_strict'),
  };
}

function nameOf(body: Fields, name: RequestField): string | null {
  const value = body[name];
  if (isAbsent(value)) return null;
  if (!isName(value)) refuse(name, `'${name}' must be a string of 1 to 256 characters.`);
  return value;
}

function flagOf(body: Fields, name: RequestField): boolean | null {
  const value = body[name];
  if (isAbsent(value)) return null;
  if (typeof value !== 'boolean') refuse(name, `'${name}' must be a boolean.`);
  return value;
}

function fallbackModelsOf(value: unknown): readonly string[] | null {
  if (isAbsent(value)) return null;
  if (!Array.isArray(value)) refuse('fallback_models', "'fallback_models' must be an array of strings.");
  if (value.length > MAX_FALLBACK_MODELS) {
    refuse('fallback_models', `'fallback_models' must not name more than ${String(MAX_FALLBACK_MODELS)} models.`);
  }
  const wrong = value.findIndex((entry) => !isName(entry));
  if (wrong >= 0) {
    const param = `fallback_models[${String(wrong)}]`;
    refuse(param, `'${param}' must be a string of 1 to 256 characters.`);
  }
  return value as string[];
}

function metadataOf(value: unknown): Readonly<Record<string, string>> | null {
  return isAbsent(value) ? null : checkMetadata(value, 'omni_metadata');
}

/**
 * Metadata in the body or in a header, checked against the bounds above.
 * @param where what the caller calls the place, for messages
 * @throws GatewayError `invalid_request`
 */
export function checkMetadata(value: unknown, where: string): Readonly<Record<string, string>> {
  if (!isObject(value)) refuse(where, `'${where}' must be an object of strings.`);
  const entries = Object.entries(value);
  if (entries.length > MAX_METADATA_ENTRIES) {
    refuse(where, `'${where}' must not have more than ${String(MAX_METADATA_ENTRIES)} entries.`);
  }
  for (const [key, entry] of entries) {
    // Keys are the caller's words: they are not repeated in the message. `__proto__` is data here, not to be copied on.
    if (key.length > MAX_METADATA_KEY_CHARS || key === '' || key === '__proto__') {
      refuse(where, `Keys of '${where}' must have 1 to ${String(MAX_METADATA_KEY_CHARS)} characters.`);
    }
    if (typeof entry !== 'string') refuse(where, `Values of '${where}' must be strings.`);
    if (entry.length > MAX_METADATA_VALUE_CHARS) {
      refuse(where, `Values of '${where}' must not have more than ${String(MAX_METADATA_VALUE_CHARS)} characters.`);
    }
  }
  return value as Readonly<Record<string, string>>;
}
