/* eslint max-params: ['error', 5] -- the rows of the settings' table read best as one line each: name, kind, default, words, bounds */
import type { Setting, SettingKind } from './setting.js';

type NumberKind = 'port' | 'integer' | 'milliseconds' | 'bytes';
type TextKind = 'string' | 'secret' | 'choice';
type Bounds = Partial<Pick<Setting, 'choices' | 'min' | 'max' | 'form'>>;
type Env = string | readonly string[];

const setting = <T>(
  env: Env,
  kind: SettingKind,
  fallback: string | null,
  about: string,
  bounds: Bounds,
): Setting<T> => ({
  env: typeof env === 'string' ? [env] : env,
  kind,
  fallback,
  about,
  ...bounds,
});
export const number = (env: Env, kind: NumberKind, fallback: string, about: string, bounds: Bounds = {}) =>
  setting<number>(env, kind, fallback, about, bounds);
export const optionalNumber = (env: Env, kind: NumberKind, about: string, bounds: Bounds = {}) =>
  setting<number | null>(env, kind, null, about, bounds);
export const text = (env: Env, kind: TextKind, fallback: string, about: string, bounds: Bounds = {}) =>
  setting<string>(env, kind, fallback, about, bounds);
export const optionalText = (env: Env, kind: TextKind, about: string, bounds: Bounds = {}) =>
  setting<string | null>(env, kind, null, about, bounds);
export const choice = <const C extends readonly string[]>(env: Env, fallback: C[number], choices: C, about: string) =>
  setting<C[number]>(env, 'choice', fallback, about, { choices });
export const usd = (env: Env, fallback: string, about: string) => setting<string>(env, 'usd', fallback, about, {});
export const flag = (env: Env, fallback: string, about: string) =>
  setting<boolean>(env, 'boolean', fallback, about, {});
export const list = (env: Env, fallback: string, about: string, bounds: Bounds = {}) =>
  setting<readonly string[]>(env, 'list', fallback, about, bounds);
