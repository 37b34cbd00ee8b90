import { createHash } from 'node:crypto';
import type { EnvironmentProvider } from '../config/provider-environment.js';
import type { ProviderEntry } from './snapshot.js';

/** Ids of what the environment registers: the same on every replica and after every start (UUID version 8, RFC 9562). */
export function environmentId(what: 'provider' | 'credential', name: string): string {
  const bytes = createHash('sha256').update(`environment:${what}:${name}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A provider of the environment, as calls know it. Its key lives in memory only. */
export function entryOf({ name, kind, baseUrl, apiKey, apiKeyName, options }: EnvironmentProvider): ProviderEntry {
  const credential = {
    id: environmentId('credential', name),
    label: apiKeyName ?? 'environment',
    secret: apiKey ?? '',
    rpmLimit: null,
    tpmLimit: null,
  };
  return Object.freeze({
    id: environmentId('provider', name),
    name,
    kind,
    baseUrl,
    options,
    active: true,
    credentials: apiKey === null ? [] : [credential],
  });
}
