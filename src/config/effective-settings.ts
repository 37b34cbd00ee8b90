import type { Config } from './config.js';
import type { EnvironmentProvider } from './provider-environment.js';
import type { Setting } from './setting.js';
import { SETTINGS } from './settings.js';

export interface EffectiveSetting {
  path: string;
  /** Text form; secrets are masked. */
  value: string;
}

/** Every setting with the value in force. */
export function effectiveSettings(config: Config): EffectiveSetting[] {
  const rows: EffectiveSetting[] = [];
  for (const [group, settings] of Object.entries(SETTINGS)) {
    const values = config[group as keyof typeof SETTINGS] as Record<string, unknown>;
    for (const [name, setting] of Object.entries(settings as Record<string, Setting>)) {
      rows.push({ path: `${group}.${name}`, value: show(setting, values[name]) });
    }
  }
  return [...rows, ...config.providers.flatMap(providerRows)];
}

function providerRows({ name, baseUrl, apiKey, options }: EnvironmentProvider): EffectiveSetting[] {
  return [
    { path: `providers.${name}.baseUrl`, value: baseUrl },
    { path: `providers.${name}.apiKey`, value: apiKey === null ? '(not set)' : '********' },
    ...Object.entries(options).map(([option, value]) => ({ path: `providers.${name}.${option}`, value })),
  ];
}

function show(setting: Setting, value: unknown): string {
  if (value === null || value === undefined) return '(not set)';
  if (setting.kind === 'secret') return '********';
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
