import type { JsonFields } from '../../protocol/index.js';

/**
 * The object with its names in lower camel case. The API reads both spellings of every field (protobuf's JSON), and its SDKs
 * write both. Goes one level deep; an object without underlines is returned as it is.
 */
export function camelNames(fields: JsonFields): JsonFields {
  let hasSnake = false;
  for (const name in fields) {
    if (name.includes('_')) {
      hasSnake = true;
      break;
    }
  }
  if (!hasSnake) return fields;
  const out: Record<string, unknown> = {};
  for (const name in fields) {
    // Would set the prototype instead of a field.
    if (name === '__proto__') continue;
    const camel = camelName(name);
    // Where both spellings stand, the one the documents use counts.
    if (camel === name || !Object.hasOwn(fields, camel)) out[camel] = fields[name];
  }
  return out;
}

/** A leading underline belongs to the name. */
function camelName(name: string): string {
  return name.replace(/(?<=[^_])_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
