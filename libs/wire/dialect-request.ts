import type { CanonicalRequest, FormatId } from '../protocol/index.js';
import { ObjectScan } from '../streaming/index.js';
import { WIRE_FORMATS } from './formats.js';
import { parseBody } from './json-body.js';
import { EXTENSION_FIELDS, readExtensions, type RequestExtensions } from './openai-chat/request-extensions.js';
import type { RequestOrigin } from './wire-format.js';

/** Fields that hold what the model reads, in the dialects that callers speak. The first that is there is the conversation. */
const CONVERSATION = ['messages', 'input', 'contents'] as const;
const BESIDES = [
  'system',
  'instructions',
  'systemInstruction',
  'system_instruction',
  'tools',
  'text',
  'generationConfig',
  'documents',
  'response_format',
  'format',
] as const;
const FIELDS = ['model', 'stream', ...CONVERSATION, ...BESIDES, ...EXTENSION_FIELDS];
const OWN: ReadonlySet<string> = new Set(EXTENSION_FIELDS);
const SCAN = new ObjectScan(FIELDS);
const COUNTED_NAMES = ['generateContentRequest', 'generate_content_request'] as const;
const COUNTED = new ObjectScan(COUNTED_NAMES);

/** A request in a dialect that is not relayed byte for byte. */
export interface DialectRequest {
  readonly canonical: CanonicalRequest;
  readonly extensions: RequestExtensions;
  /** The conversation as it came, e.g. for a keyed hash; shares memory with the body. */
  readonly conversation: Buffer;
  /** Bytes the provider counts as prompt although they are no conversation: instructions, tools, schemas. */
  readonly besidesBytes: number;
}

/**
 * Reads a request body of any dialect.
 * @throws GatewayError `invalid_request`, naming the field at fault
 */
export function readDialectRequest(body: Buffer, dialect: FormatId, origin: RequestOrigin): DialectRequest {
  const format = WIRE_FORMATS[dialect];
  if (format === undefined) throw new Error(`there is no wire format ${dialect}`);
  const value = parseBody(body, SCAN);
  const conversation = spanOf(body, CONVERSATION.find((name) => SCAN.has(SCAN.slot(name))) ?? null);
  const besidesBytes = BESIDES.reduce((sum, name) => sum + spanOf(body, name).length, 0);
  const extensions = readExtensions(value);
  const canonical = format.decodeRequest(withoutExtensions(value), origin);
  return { canonical, extensions, conversation, besidesBytes };
}

/**
 * What `countTokens` of Gemini counts: the request within its body, or the body itself where that has bare `contents`.
 * @throws GatewayError `invalid_request`
 */
export function countedRequest(body: Buffer): Buffer {
  parseBody(body, COUNTED);
  const slot = COUNTED_NAMES.map((name) => COUNTED.slot(name)).find((known) => COUNTED.has(known));
  return slot === undefined ? body : body.subarray(COUNTED.valueStart(slot), COUNTED.valueEnd(slot));
}

/** The fields of a body that are the provider's business. */
export function withoutExtensions(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!EXTENSION_FIELDS.some((name) => value[name] !== undefined)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !OWN.has(name)));
}

const NOTHING = Buffer.alloc(0);

function spanOf(body: Buffer, name: (typeof FIELDS)[number] | null): Buffer {
  if (name === null) return NOTHING;
  const slot = SCAN.slot(name);
  return SCAN.has(slot) ? body.subarray(SCAN.valueStart(slot), SCAN.valueEnd(slot)) : NOTHING;
}
