import { marker, type Redaction, redacted } from './redaction.js';
import { kindOfName } from './secret-names.js';
import { namedMarker } from './secret-patterns.js';
import { sanitiseText, textRedactions } from './sanitise-text.js';

/** More parts than a form of this trade has. */
const MAX_PARTS = 1000;
const MAX_PART_HEADER_CHARACTERS = 16_384;

/** A field or a file of a form, without what must not be kept. The content of a file is left out. */
export type SanitisedPart =
  | { readonly name: string; readonly value: string }
  | {
      readonly name: string;
      readonly filename: string;
      readonly content_type: string | null;
      readonly omitted_bytes: number;
    };

interface Part {
  readonly name: string;
  readonly filename: string | null;
  readonly contentType: string | null;
  /** Its content. */
  readonly start: number;
  readonly end: number;
}

/**
 * A `multipart/form-data` body as a list of its parts: fields under telling names are replaced, others looked through, files
 * described.
 * @returns `null` when the body does not have the boundary of its content type
 */
export function sanitiseMultipart(body: Buffer, contentType: string): readonly SanitisedPart[] | null {
  const bytes = body.toString('latin1');
  return (
    partsOf(bytes, contentType)?.map((part) => {
      const name = sanitiseText(utf8(part.name));
      if (part.filename === null) return { name, value: fieldValue(part, utf8(bytes.slice(part.start, part.end))) };
      const content_type = part.contentType === null ? null : sanitiseText(utf8(part.contentType));
      return { name, filename: sanitiseText(utf8(part.filename)), content_type, omitted_bytes: part.end - part.start };
    }) ?? null
  );
}

/** What must not stay of a form as text; the content of its files does not either. */
export function multipartRedactions(text: string, contentType: string): Redaction[] {
  const parts = partsOf(text, contentType);
  if (parts === null) return [{ start: 0, end: text.length, replacement: marker('multipart_blob') }];
  return parts.flatMap((part) => {
    const value = text.slice(part.start, part.end);
    const replacement = part.filename === null ? fieldValue(part, value) : marker('file_blob');
    return replacement === value ? [] : [{ start: part.start, end: part.end, replacement }];
  });
}

function fieldValue({ name }: Part, value: string): string {
  const kind = kindOfName(name);
  if (kind === null || value === '') return redacted(value, textRedactions(value));
  return namedMarker(kind === 'blob' ? `${name}_blob` : name);
}

/** The parts of a form; `null` when it has no boundary, never ends or is no form. */
function partsOf(text: string, contentType: string): Part[] | null {
  const boundary = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType);
  if (boundary === null) return null;
  const delimiter = `--${boundary[1] ?? boundary[2] ?? ''}`;
  const parts: Part[] = [];
  let at = text.indexOf(delimiter);
  if (at < 0) return null;
  while (!text.startsWith('--', at + delimiter.length)) {
    const headersStart = at + delimiter.length;
    const headersEnd = text.indexOf('\r\n\r\n', headersStart);
    const next = text.indexOf(`\r\n${delimiter}`, headersStart);
    if (headersEnd < 0 || next < headersEnd || headersEnd - headersStart > MAX_PART_HEADER_CHARACTERS) return null;
    parts.push(partOf(text.slice(headersStart, headersEnd), Math.min(headersEnd + 4, next), next));
    if (parts.length > MAX_PARTS) return null;
    at = next + 2;
  }
  return parts;
}

function partOf(headers: string, start: number, end: number): Part {
  const disposition = /^content-disposition:([^\r\n]*)/im.exec(headers)?.[1] ?? '';
  const contentType = /^content-type:[ \t]*([^\r\n]*)/im.exec(headers)?.[1] ?? null;
  return {
    name: parameter(disposition, 'name') ?? '',
    filename: parameter(disposition, 'filename'),
    contentType,
    start,
    end,
  };
}

function parameter(disposition: string, name: string): string | null {
  const found = new RegExp(`;\\s{0,10}${name}\\*?=(?:"((?:[^"\\\\]|\\\\.){0,1000})"|([^\\s;"]{1,1000}))`, 'i').exec(
    disposition,
  );
  return found === null ? null : (found[1] ?? found[2] ?? '');
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
