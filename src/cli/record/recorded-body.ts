import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { isUtf8 } from 'node:buffer';
import {
  kindOfBody,
  type Redaction,
  sanitiseBody,
  sanitiseJson,
  sanitiseMultipart,
} from '../../../libs/protocol/index.js';
import { recordedEventStream } from './recorded-event-stream.js';
import { movedCuts } from './moved-cuts.js';

/** What a compressed body may become. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
const BINARY = '<redacted:binary_blob>';

/** The fields of a recording that hold a body. */
export type RecordedBody = Readonly<Record<string, unknown>>;

/** The body of a request: JSON, `{multipart}`, a text, or `null`. */
export function recordedRequestBody(body: Buffer, contentType: string | null): unknown {
  if (body.length === 0) return null;
  if (kindOfBody(contentType) === 'multipart') {
    const multipart = sanitiseMultipart(body, contentType ?? '');
    return multipart === null ? BINARY : { multipart };
  }
  if (!isUtf8(body)) return BINARY;
  const text = body.toString();
  const json = jsonOf(text);
  return json === undefined ? sanitiseBody(text, contentType).text : sanitiseJson(json);
}

/** The body of an answer under the name of its kind, with the lengths of its chunks where it came as a stream. */
export function recordedAnswer(
  chunks: readonly Buffer[],
  contentType: string | null,
  contentEncoding: string | null,
): RecordedBody {
  const packed = Buffer.concat(chunks);
  const body = unpacked(packed, contentEncoding);
  if (body === null) return { text: BINARY, omitted_bytes: packed.length };
  const lengths = body === packed ? chunks.map(({ length }) => length) : null;
  if (/^application\/vnd\.amazon\.eventstream/i.test(contentType ?? '')) return recordedEventStream(body, lengths);
  if (!isUtf8(body)) return { text: BINARY, omitted_bytes: body.length };
  return recordedText(body.toString(), contentType, lengths);
}

function recordedText(text: string, contentType: string | null, lengths: readonly number[] | null): RecordedBody {
  const kind = kindOfBody(contentType, text);
  if (kind === 'sse' || kind === 'ndjson') {
    const { text: kept, redactions } = sanitiseBody(text, contentType);
    return { [kind]: kept, ...chunkLengths(text, redactions, lengths) };
  }
  const json = jsonOf(text);
  if (json === undefined) return text === '' ? { text } : { text: sanitiseBody(text, contentType).text };
  if (!Array.isArray(json)) return { body: sanitiseJson(json) };
  // A stream as a JSON array, as Gemini sends it: its text shows where it was cut.
  const { text: raw, redactions } = sanitiseBody(text, 'application/json');
  return { body: jsonOf(raw), raw, ...chunkLengths(text, redactions, lengths) };
}

function chunkLengths(text: string, redactions: readonly Redaction[], lengths: readonly number[] | null): RecordedBody {
  if (lengths === null) return {};
  let at = 0;
  let bytes = 0;
  const moved = redactions.map(({ start, end, replacement }) => {
    const startByte = bytes + Buffer.byteLength(text.slice(at, start));
    bytes = startByte + Buffer.byteLength(text.slice(start, end));
    at = end;
    return { start: startByte, end: bytes, length: Buffer.byteLength(replacement) };
  });
  return { chunk_lengths: movedCuts(lengths, moved) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const UNPACKING: Readonly<Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/** The bytes themselves when nothing was packed; `null` when they cannot be unpacked within the bound. */
function unpacked(bytes: Buffer, encoding: string | null): Buffer | null {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return bytes;
  try {
    return UNPACKING[name]?.(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }) ?? null;
  } catch {
    return null;
  }
}
