import type { JsonFields } from '../protocol/index.js';
import { ObjectScan } from '../streaming/index.js';
import { withoutExtensions } from './dialect-request.js';
import { parseBody } from './json-body.js';
import { EXTENSION_FIELDS, readExtensions, type RequestExtensions } from './openai-chat/request-extensions.js';
import { RequestSplice } from './openai-chat/request-splice.js';

/** Fields that hold what is embedded or put in order, in all formats. */
const CONTENT = ['input', 'texts', 'images', 'inputs', 'content', 'requests', 'query', 'documents'] as const;
const FIELDS = ['model', ...CONTENT, ...EXTENSION_FIELDS] as const;
type Field = (typeof FIELDS)[number];
const SCAN = new ObjectScan<Field>(FIELDS);
const NEVER_DEFAULT: ReadonlySet<string> = new Set([...FIELDS, '__proto__']);

/** The body of a call that is asked in one piece, with the places of what is changed in it when it is passed on. */
export interface WholeBody {
  readonly raw: Buffer;
  /** What is the provider's business. */
  readonly fields: JsonFields;
  readonly extensions: RequestExtensions;
  /** The bytes of what is embedded, or of question and documents; for a keyed hash and for counting. */
  readonly content: Buffer;
  readonly spans: Int32Array;
  readonly objectEnd: number;
}

/**
 * Reads the body of a call for embeddings or reranking.
 * @throws GatewayError `invalid_request` for what is no JSON object
 */
export function readWholeBody(raw: Buffer): WholeBody {
  const value = parseBody(raw, SCAN);
  const spans = SCAN.copySpans();
  const there = CONTENT.map((name) => SCAN.slot(name)).filter((slot) => SCAN.has(slot));
  const pieces = there.map((slot) => raw.subarray(SCAN.valueStart(slot), SCAN.valueEnd(slot)));
  return {
    raw,
    fields: withoutExtensions(value),
    extensions: readExtensions(value),
    content: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces),
    spans,
    objectEnd: SCAN.objectEnd,
  };
}

/** What a target of the same format makes of a body. */
export interface WholePatch {
  /** What the upstream calls the model. */
  readonly model: string;
  /** Added where the caller left the field out, in words of the format. */
  readonly defaultParams: JsonFields;
}

/** The body to send upstream, cut from the raw bytes: what is not changed survives byte for byte. */
export function relayWholeBody(body: WholeBody, { model, defaultParams }: WholePatch): Buffer {
  const { raw, spans, fields } = body;
  const splice = new RequestSplice(raw, body.objectEnd);
  const members = EXTENSION_FIELDS.map((name) => SCAN.slot(name) * 3)
    .filter((at) => spans[at + 2] !== 0)
    .map((at) => ({ start: spans[at] ?? 0, end: spans[at + 2] ?? 0 }));
  if (members.length > 0) splice.removeMembers(members.sort((one, other) => one.start - other.start));
  for (const [name, value] of Object.entries(defaultParams)) {
    if (value !== undefined && !NEVER_DEFAULT.has(name) && !Object.hasOwn(fields, name))
      splice.addMember(name, JSON.stringify(value));
  }
  const at = SCAN.slot('model') * 3;
  splice.replace(spans[at + 1] ?? 0, spans[at + 2] ?? 0, JSON.stringify(model));
  return splice.build();
}
