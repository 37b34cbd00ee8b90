import { nanoDollars } from '../../libs/protocol/index.js';

/** The kinds of value a setting can hold, each with how it is read from text and what a reader is told when it is wrong. */
export type SettingKind =
  'string' | 'secret' | 'port' | 'integer' | 'milliseconds' | 'bytes' | 'boolean' | 'list' | 'choice' | 'usd';

/** What a text must look like besides being of its kind; for a list each of its items. */
export interface SettingForm {
  readonly accepts: (text: string) => boolean;
  readonly expected: string;
}

export interface Setting<T = unknown> {
  /** Environment variable; the first that is set wins. */
  readonly env: readonly string[];
  readonly kind: SettingKind;
  /** Text form of the default; `null`: unset. */
  readonly fallback: string | null;
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly form?: SettingForm;
  readonly about: string;
  /** Carries the type of the value; never set. */
  readonly value?: T;
}

const NUMERIC: ReadonlySet<SettingKind> = new Set(['port', 'integer', 'milliseconds', 'bytes']);

/** Reads one value; throws an `Error` whose message says what was expected. */
export function parseSetting(setting: Setting, text: string): unknown {
  if (NUMERIC.has(setting.kind)) return parseNumber(setting, text);
  switch (setting.kind) {
    case 'boolean':
      return parseBoolean(text);
    case 'list':
      return parseList(setting.form, text);
    case 'choice':
      return parseChoice(setting.choices ?? [], text);
    case 'usd':
      return parseUsd(text);
    default:
      return formed(setting.form, text);
  }
}

function parseList(form: SettingForm | undefined, text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '').map((item) => formed(form, item));
}

function formed(form: SettingForm | undefined, text: string): string {
  if (form === undefined || form.accepts(text)) return text;
  throw new Error(form.expected);
}

function parseChoice(choices: readonly string[], text: string): string {
  if (choices.includes(text)) return text;
  throw new Error(`must be one of ${choices.join(', ')}`);
}

function parseUsd(text: string): string {
  if (nanoDollars(text) !== null) return text;
  throw new Error('must be a decimal from 0 to 1000000 with at most 9 decimals');
}

function parseNumber(setting: Setting, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  const min = setting.kind === 'port' ? 0 : (setting.min ?? 0);
  const max = setting.kind === 'port' ? 65_535 : (setting.max ?? Number.MAX_SAFE_INTEGER);
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new Error(`must be a whole number from ${min} to ${max}`);
}

function parseBoolean(text: string): boolean {
  const word = text.toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return true;
  if (['false', '0', 'no', 'off'].includes(word)) return false;
  throw new Error('must be true or false');
}
