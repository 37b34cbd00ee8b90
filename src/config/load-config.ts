import { existsSync, readFileSync } from 'node:fs';
import { isMap, LineCounter, parseDocument, type Node, type Pair } from 'yaml';
import { Config } from './config.js';
import { providersFromEnvironment, type VendorVariables } from './provider-environment.js';
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
interface Sources {
  env: Env;
  file: Map<string, FileValue>;
  faults: string[];
}
interface FileValue {
  text: string;
  line: number;
}

/**
 * Environment variables win over the YAML file named by `OMNI_CONFIG`, which wins over the defaults.
 * @param vendors whose variables register providers
 * @throws ConfigError with every fault found.
 */
export function loadConfig(env: Env, vendors: readonly VendorVariables[] = []): Config {
  const faults: string[] = [];
  const file = readConfigFile(env, faults);
  const sources = { env, file, faults };
  const values: Record<string, Record<string, unknown>> = {};
  for (const [group, settings] of Object.entries(SETTINGS)) {
    const section: Record<string, unknown> = {};
    for (const [name, setting] of Object.entries(settings as Record<string, Setting>)) {
      section[name] = resolve(setting, `${group}.${name}`, sources);
    }
    values[group] = section;
  }
  const registered = providersFromEnvironment(env, vendors);
  faults.push(...registered.faults, ...clashes(values as unknown as ConfigValues));
  if (faults.length > 0) throw new ConfigError(faults);
  const notices = [...unknownVariables(env, vendors), ...registered.notices];
  return new Config(values as unknown as ConfigValues, registered.providers, notices);
}

/** Settings that are right each by itself and not together. */
function clashes({ server: { port, metricsPort } }: ConfigValues): string[] {
  return metricsPort !== null && metricsPort !== 0 && metricsPort === port
    ? ['METRICS_PORT must be another port than PORT']
    : [];
}

function resolve(setting: Setting, path: string, { env, file, faults }: Sources): unknown {
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

/**
 * Variables that begin as ours and are none of ours: misspelt, or of another version. No fault: other programs may have set them.
 * Without the vendors nobody can tell.
 */
function unknownVariables(env: Env, vendors: readonly VendorVariables[]): string[] {
  if (vendors.length === 0) return [];
  const own = Object.values(SETTINGS).flatMap((section) =>
    Object.values<Setting>(section).flatMap(({ env: names }) => names),
  );
  const ofVendors = vendors.flatMap(({ apiKey, baseUrl, options }) => [
    ...apiKey,
    ...baseUrl,
    ...options.flatMap(({ env: names }) => names),
  ]);
  const known = new Set(['OMNI_CONFIG', ...own, ...ofVendors]);
  const unknown = Object.keys(env).filter((name) => name.startsWith('OMNI_') && !known.has(name));
  return unknown.map((name) => `${name} is set, but there is no such setting`);
}

/** Flattens the YAML file to `group.name` → text, so that files and environment are read by the same rules. */
function readConfigFile(env: Env, faults: string[]): Map<string, FileValue> {
  const path = env['OMNI_CONFIG'];
  if (path === undefined || path === '') return new Map();
  if (existsSync(path)) return new ConfigFile(path, env, faults).read();
  faults.push(`OMNI_CONFIG names a file that does not exist: ${path}`);
  return new Map();
}

/** One YAML file; every fault is reported with its line. */
class ConfigFile {
  private readonly values = new Map<string, FileValue>();
  private readonly lines = new LineCounter();

  constructor(
    private readonly path: string,
    private readonly env: Env,
    private readonly faults: string[],
  ) {}

  read(): Map<string, FileValue> {
    const document = parseDocument(readFileSync(this.path, 'utf8'), { lineCounter: this.lines });
    for (const error of document.errors) this.faults.push(`${this.path}: ${error.message.split('\n')[0] ?? ''}`);
    if (isMap(document.contents)) for (const section of document.contents.items) this.readSection(section);
    else if (document.contents !== null) this.fault(document.contents, 'the file must be a map of sections');
    return this.values;
  }

  private readSection({ key, value }: Pair): void {
    const group = String(key);
    const known = (SETTINGS as Record<string, Record<string, Setting>>)[group];
    if (known === undefined) this.fault(key, `unknown section "${group}"`);
    else if (!isMap(value)) this.fault(key, `"${group}" must be a map of settings`);
    else for (const item of value.items) this.readSetting(group, known, item);
  }

  private readSetting(group: string, known: Record<string, Setting>, { key, value }: Pair): void {
    const name = String(key);
    if (known[name] === undefined) {
      this.fault(key, `unknown setting "${group}.${name}"`);
      return;
    }
    const raw = (value as Node | null)?.toJSON() as string | number | boolean | string[] | null | undefined;
    const text = Array.isArray(raw) ? raw.join(',') : String(raw ?? '');
    this.values.set(`${group}.${name}`, { text: this.expand(text, key), line: this.lineOf(key) });
  }

  /** Replaces `${NAME}` by the environment; a name that is not set is a fault, not an empty string. */
  private expand(text: string, at: unknown): string {
    return text.replace(/\$\{(\w+)\}/g, (_whole, name: string) => {
      const value = this.env[name];
      if (value === undefined) this.fault(at, `the environment variable ${name} is not set`);
      return value ?? '';
    });
  }

  private fault(at: unknown, message: string): void {
    this.faults.push(`${this.path}: line ${this.lineOf(at)}: ${message}`);
  }

  private lineOf(node: unknown): number {
    return this.lines.linePos((node as Node).range?.[0] ?? 0).line;
  }
}
