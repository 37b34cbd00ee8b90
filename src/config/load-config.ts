import { existsSync, readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, parseDocument, type Node, type Pair } from 'yaml';
import { Config } from './config.js';
import { parseSetting, type Setting } from './setting.js';
import { SETTINGS, type ConfigValues } from './settings.js';

/** Everything that is wrong with the configuration, reported together. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n- ${faults.join('\n- ')}`,
    );
    this.name = 'ConfigError';
  }
}

type Env = Readonly<Record<string, string | undefined>>;
interface FileValue {
  text: string;
  line: number;
}

/**
 * Environment variables win over the YAML file named by `OMNI_CONFIG`, which wins over the defaults.
 * @throws ConfigError with every fault found.
 */
export function loadConfig(env: Env): Config {
  const faults: string[] = [];
  const file = readConfigFile(env, faults);
  const values: Record<string, Record<string, unknown>> = {};
  for (const [group, settings] of Object.entries(SETTINGS)) {
    const section: Record<string, unknown> = {};
    for (const [name, setting] of Object.entries(settings as Record<string, Setting>)) {
      section[name] = resolve(setting, `${group}.${name}`, env, file, faults);
    }
    values[group] = section;
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return new Config(values as unknown as ConfigValues);
}

function resolve(setting: Setting, path: string, env: Env, file: Map<string, FileValue>, faults: string[]): unknown {
  const name = setting.env.find((candidate) => (env[candidate] ?? '') !== '');
  const fromFile = file.get(path);
  const text = name === undefined ? (fromFile?.text ?? setting.fallback) : env[name];
  if (text === null || text === undefined) return null;
  try {
    return parseSetting(setting, text);
  } catch (error) {
    const where = name ?? (fromFile ? `line ${fromFile.line}, ${path}` : path);
    // The value itself is left out: it may be a secret.
    faults.push(`${where} ${(error as Error).message}`);
    return null;
  }
}

/** Flattens the YAML file to `group.name` → text, so that files and environment are read by the same rules. */
function readConfigFile(env: Env, faults: string[]): Map<string, FileValue> {
  const values = new Map<string, FileValue>();
  const path = env['OMNI_CONFIG'];
  if (!path) return values;
  if (!existsSync(path)) {
    faults.push(`OMNI_CONFIG names a file that does not exist: ${path}`);
    return values;
  }
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines });
  for (const error of document.errors) faults.push(`${path}: ${error.message.split('\n')[0] ?? ''}`);
  const lineOf = (node: unknown) => lines.linePos((node as Node).range?.[0] ?? 0).line;
  if (document.contents === null) return values;
  if (!isMap(document.contents)) {
    faults.push(`${path}: line 1: the file must be a map of sections`);
    return values;
  }
  for (const group of document.contents.items) readSection(group, path, env, lineOf, values, faults);
  return values;
}

function readSection(
  group: Pair,
  path: string,
  env: Env,
  lineOf: (node: unknown) => number,
  values: Map<string, FileValue>,
  faults: string[],
): void {
  const groupName = String(group.key);
  const known = (SETTINGS as Record<string, Record<string, Setting>>)[groupName];
  if (known === undefined) {
    faults.push(`${path}: line ${lineOf(group.key)}: unknown section "${groupName}"`);
    return;
  }
  if (!isMap(group.value)) {
    faults.push(`${path}: line ${lineOf(group.key)}: "${groupName}" must be a map of settings`);
    return;
  }
  for (const item of group.value.items) {
    const name = String(item.key);
    const line = lineOf(item.key);
    if (known[name] === undefined) {
      faults.push(`${path}: line ${line}: unknown setting "${groupName}.${name}"`);
      continue;
    }
    const raw: unknown = isScalar(item.value) ? item.value.value : (item.value as Node | null)?.toJSON();
    const text = Array.isArray(raw) ? raw.join(',') : String(raw ?? '');
    values.set(`${groupName}.${name}`, { text: expand(text, env, `${path}: line ${line}`, faults), line });
  }
}

/** Replaces `${NAME}` by the environment; a name that is not set is a fault, not an empty string. */
function expand(text: string, env: Env, where: string, faults: string[]): string {
  return text.replace(/\$\{(\w+)\}/g, (_whole, name: string) => {
    const value = env[name];
    if (value === undefined) faults.push(`${where}: the environment variable ${name} is not set`);
    return value ?? '';
  });
}
