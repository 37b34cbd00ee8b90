import { GatewayError } from '../../../libs/protocol/index.js';

const MAX_BYTES = 16 * 1024;
/** What a default would break or smuggle in: these belong to the caller or to the gateway. */
const NOT_ALLOWED: ReadonlySet<string> = new Set(['model', 'messages', 'stream', 'stream_options']);

/**
 * Checks what is to be injected where callers leave a field out.
 * @throws GatewayError invalid_request naming the field
 */
export function checkDefaultParams(params: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(params)) {
    if (NOT_ALLOWED.has(name) || name.startsWith('omni_'))
      refuse(`default_params.${name}`, 'cannot be given a default.');
  }
  const text = JSON.stringify(params, (name, value: unknown) => {
    for (const part of [name, value]) {
      if (typeof part === 'string' && (part.includes('\0') || !part.isWellFormed())) {
        refuse('default_params', 'must not contain NUL characters or broken surrogate pairs.');
      }
    }
    if (typeof value === 'number' && !Number.isFinite(value))
      refuse('default_params', 'contains a number out of range.');
    return value;
  });
  if (Buffer.byteLength(text) > MAX_BYTES)
    refuse('default_params', `must not be larger than ${MAX_BYTES} bytes of JSON.`);
}

function refuse(param: string, why: string): never {
  throw new GatewayError('invalid_request', `${param} ${why}`, { param });
}
