import {
  type AnyFormatId,
  type Extensions,
  GatewayError,
  type JsonFields,
  type LossReport,
} from '../protocol/index.js';

export const STRING = 1;
export const NUMBER = 2;
export const BOOLEAN = 4;
export const LIST = 8;
export const OBJECT = 16;
export const ANY = 31;

/**
 * The fields of an object a codec reads, with the types it reads them as (bits of the constants above). Whatever is not in
 * the table, is `null` or of another type is not read: it belongs into the extensions.
 */
export type Shape = Readonly<Record<string, number>>;

/** A table for `restOf` and `checkShape`; it has no prototype, so that no name is found in it by accident. */
export function shape(table: Record<string, number>): Shape {
  return Object.freeze(Object.assign(Object.create(null) as Record<string, number>, table));
}

function bitOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'number':
      // 1e999 is valid JSON and parses to Infinity.
      return Number.isFinite(value) ? NUMBER : 0;
    case 'boolean':
      return BOOLEAN;
    case 'object':
      return value === null ? 0 : Array.isArray(value) ? LIST : OBJECT;
    default:
      return 0;
  }
}

export function isFields(value: unknown): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields the table does not read, as the extensions of a format; `undefined` when there are none. */
export function restOf(fields: JsonFields, table: Shape, format: AnyFormatId): Extensions | undefined {
  let rest: Record<string, unknown> | undefined;
  for (const name in fields) {
    const bits = table[name];
    if (bits !== undefined && (bits & bitOf(fields[name])) !== 0) continue;
    // Would set the prototype instead of a field.
    if (name === '__proto__' || fields[name] === undefined) continue;
    rest ??= {};
    rest[name] = fields[name];
  }
  return rest === undefined ? undefined : { [format]: rest };
}

/**
 * Refuses a caller's object with a field of another type than the table says; `null` counts as absent.
 * @param path of the object, empty for the body itself
 */
export function checkShape(fields: JsonFields, table: Shape, path: string): void {
  for (const name in fields) {
    const bits = table[name];
    const value = fields[name];
    if (bits === undefined || value === null || value === undefined || (bits & bitOf(value)) !== 0) continue;
    const at = path === '' ? name : `${path}.${name}`;
    throw new GatewayError('invalid_request', `'${at}' must be ${wordsOf(bits)}.`, { param: at });
  }
}

const WORDS: readonly (readonly [number, string])[] = [
  [STRING, 'a string'],
  [NUMBER, 'a number'],
  [BOOLEAN, 'a boolean'],
  [LIST, 'an array'],
  [OBJECT, 'an object'],
];

function wordsOf(bits: number): string {
  return WORDS.filter(([bit]) => (bits & bit) !== 0)
    .map(([, word]) => word)
    .join(' or ');
}

/** A 400 that names the field and never repeats what the caller wrote in it. */
export function refuse(param: string, message: string): never {
  throw new GatewayError('invalid_request', message, { param });
}

export function textOf(fields: JsonFields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(fields: JsonFields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function booleanOf(fields: JsonFields, name: string): boolean | undefined {
  const value = fields[name];
  return typeof value === 'boolean' ? value : undefined;
}

export function listOf(fields: JsonFields, name: string): readonly unknown[] | undefined {
  const value = fields[name];
  return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
}

export function objectOf(fields: JsonFields, name: string): JsonFields | undefined {
  const value = fields[name];
  return isFields(value) ? value : undefined;
}

/** Extensions with one more field; `undefined` values are left out. */
export function withExtension(
  extensions: Extensions | undefined,
  format: AnyFormatId,
  name: string,
  value: unknown,
): Extensions | undefined {
  if (value === undefined) return extensions;
  return { ...extensions, [format]: { ...extensions?.[format], [name]: value } };
}

/** The extensions of an object with those of an object inside it, as `name.`. */
export function withInner(
  extensions: Extensions | undefined,
  format: AnyFormatId,
  name: string,
  inner: Extensions | undefined,
): Extensions | undefined {
  return withExtension(extensions, format, `${name}.`, inner?.[format]);
}

/** Writes the extensions of the format itself into `out`, but not over what is there. */
export function writeExtensions(
  out: Record<string, unknown>,
  extensions: Extensions | undefined,
  format: AnyFormatId,
): void {
  const own = extensions?.[format];
  if (own !== undefined) writeFields(out, own);
}

function writeFields(out: Record<string, unknown>, fields: JsonFields): void {
  for (const name in fields) {
    const value = fields[name];
    if (name.endsWith('.') && isFields(value)) {
      const inner = out[name.slice(0, -1)];
      if (isFields(inner)) writeFields(inner, value);
    } else if (out[name] === undefined) {
      // Never `__proto__`: every object has one.
      out[name] = value;
    }
  }
}

/** Reports the extensions of all other formats as lost. */
export function reportExtensions(
  report: LossReport,
  extensions: Extensions | undefined,
  format: AnyFormatId,
  path: string,
): void {
  if (extensions === undefined) return;
  for (const source in extensions) {
    if (source !== format) reportFields(report, extensions[source as AnyFormatId] ?? {}, source, path);
  }
}

function reportFields(report: LossReport, fields: JsonFields, source: string, path: string): void {
  for (const name in fields) {
    const value = fields[name];
    const at = path === '' ? name : `${path}.${name}`;
    if (name.endsWith('.') && isFields(value)) reportFields(report, value, source, at.slice(0, -1));
    else if (!isNothing(value)) report.add(at, `known to ${source} only`);
  }
}

/** Says nothing, so nothing is lost with it. */
function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Tool arguments for a format that wants an object. What is no JSON object goes into the field `raw_arguments`. */
export function argumentsObject(text: string, report: LossReport, path: string): JsonFields {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isFields(value)) return value;
  } catch {
    // No JSON: as below.
  }
  report.add(path, 'arguments that are no JSON object are sent as {"raw_arguments": text}');
  return { raw_arguments: text };
}

/** The JSON of a value; `null` for what cannot be written (nested too deeply for the engine). */
export function jsonText(value: unknown): string {
  try {
    return value === undefined ? 'null' : JSON.stringify(value);
  } catch {
    return 'null';
  }
}

/** The same without one of its fields. */
export function without(fields: JsonFields, name: string): JsonFields {
  return Object.fromEntries(Object.entries(fields).filter(([one]) => one !== name));
}

/** The same without the fields that are `undefined`. */
export function given(fields: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name in fields) if (fields[name] !== undefined) out[name] = fields[name];
  return out;
}

/** The provider's own id of an answer; some leave it empty. */
export function givenId(told: string | undefined, otherwise: string): string {
  return told === undefined || told === '' ? otherwise : told;
}
