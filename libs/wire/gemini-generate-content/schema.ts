import type { JsonFields } from '../../protocol/index.js';
import { isFields } from '../fields.js';

/** Schemas nested deeper stay as they are. */
const MAX_DEPTH = 100;
/** As a name it would set the prototype instead of a field. */
const PROTO = '__proto__';

/** Limits that Google's JSON writes as strings, because they are 64 bits wide. */
const LIMITS: ReadonlySet<string> = new Set([
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
]);

/**
 * A JSON Schema for one in Google's words (`type: "STRING"`, `nullable`, limits as strings). What is JSON Schema already is
 * returned as it is, the same object.
 */
export function jsonSchemaOf(schema: JsonFields, depth = 0): JsonFields {
  if (depth > MAX_DEPTH) return schema;
  const out: Record<string, unknown> = {};
  let changed = false;
  for (const name in schema) {
    if (name === PROTO) continue;
    const value = converted(name, schema[name], depth);
    changed ||= value !== schema[name];
    out[name] = value;
  }
  if (schema['nullable'] === true && typeof out['type'] === 'string') {
    out['type'] = [out['type'], 'null'];
    delete out['nullable'];
    changed = true;
  }
  return changed ? out : schema;
}

function converted(name: string, value: unknown, depth: number): unknown {
  if (name === 'type') return typeof value === 'string' ? value.toLowerCase() : value;
  if (LIMITS.has(name)) return limitOf(value);
  if (name === 'items') return schemaIn(value, depth);
  if (name === 'anyOf' && Array.isArray(value)) return listOfSchemas(value, depth);
  if (name === 'properties' && isFields(value)) return properties(value, depth);
  return value;
}

function limitOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

function schemaIn(value: unknown, depth: number): unknown {
  return isFields(value) ? jsonSchemaOf(value, depth + 1) : value;
}

function listOfSchemas(list: readonly unknown[], depth: number): readonly unknown[] {
  const out = list.map((one) => schemaIn(one, depth));
  return out.some((one, index) => one !== list[index]) ? out : list;
}

function properties(fields: JsonFields, depth: number): JsonFields {
  const out: Record<string, unknown> = {};
  let changed = false;
  for (const name in fields) {
    if (name === PROTO) continue;
    const value = fields[name];
    const schema = schemaIn(value, depth);
    changed ||= schema !== value;
    out[name] = schema;
  }
  return changed ? out : fields;
}

/** The reverse for a schema that came in Google's words and goes back to its own format. */
export function googleSchemaOf(schema: JsonFields, depth = 0): JsonFields {
  if (depth > MAX_DEPTH) return schema;
  const out: Record<string, unknown> = {};
  for (const name in schema) if (name !== PROTO) out[name] = googleValue(name, schema[name], depth);
  const { type } = schema;
  if (Array.isArray(type) && type.length === 2 && type[1] === 'null' && typeof type[0] === 'string') {
    out['type'] = type[0].toUpperCase();
    out['nullable'] = true;
  }
  return out;
}

function googleValue(name: string, value: unknown, depth: number): unknown {
  if (name === 'type') return typeof value === 'string' ? value.toUpperCase() : value;
  if (name === 'items') return googleIn(value, depth);
  if (name === 'anyOf' && Array.isArray(value)) return value.map((one: unknown) => googleIn(one, depth));
  if (name !== 'properties' || !isFields(value)) return value;
  const out: Record<string, unknown> = {};
  for (const [property, one] of Object.entries(value)) if (property !== PROTO) out[property] = googleIn(one, depth);
  return out;
}

function googleIn(value: unknown, depth: number): unknown {
  return isFields(value) ? googleSchemaOf(value, depth + 1) : value;
}
