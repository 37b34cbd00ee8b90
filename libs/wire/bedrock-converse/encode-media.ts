import type { AudioPart, FilePart, ImagePart, MediaSource, Part, VideoPart } from '../../protocol/index.js';
import { given } from '../fields.js';
import { type Encoding, lost, type Out } from './encoding.js';
import { formatOf, formatOfName, type MediaKind, sniffImage } from './media-formats.js';

type EncodeParts = (parts: readonly Part[], path: string) => Out[];

/** Bytes, or an object in S3; `null` for what the service cannot read. */
function mediaSource(source: MediaSource): Out | null {
  if (source.kind === 'data') return { bytes: source.data };
  if (source.kind === 'url' && source.url.startsWith('s3://')) return { s3Location: { uri: source.url } };
  return null;
}

function encodeMedia(kind: MediaKind, part: ImagePart | VideoPart | AudioPart, own: boolean): Out | null {
  const source = mediaSource(part.source);
  if (source === null) return null;
  if (own) return { [kind]: given({ format: part.form, source }) };
  const format = formatOf(kind, part.source.mediaType) ?? formatOfBytes(kind, part.source);
  return format === undefined ? null : { [kind]: { format, source } };
}

function formatOfBytes(kind: MediaKind, source: MediaSource): string | undefined {
  if (kind === 'image' && source.kind === 'data') return sniffImage(source.data);
  const end = source.kind === 'url' ? /\.([a-z0-9]+)$/i.exec(source.url)?.[1]?.toLowerCase() : undefined;
  return end === undefined ? undefined : formatOf(kind, `${kind}/${end === 'jpg' ? 'jpeg' : end}`);
}

export function encodeImage(part: ImagePart, encoding: Encoding, path: string): Out | null {
  const { own, report } = encoding;
  if (part.detail !== undefined && part.detail !== 'auto') report.add(`${path}.detail`, 'not known to the target');
  if (part.signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
  if (own && part.form?.startsWith('guardContent') === true) {
    const form = part.form.slice('guardContent '.length);
    return { guardContent: encodeMedia('image', { ...part, form: form === '' ? undefined : form }, own) };
  }
  return (
    encodeMedia('image', part, own) ?? lost(encoding, path, 'the target takes PNG, JPEG, GIF and WebP, by data or s3')
  );
}

export function encodeVideo(part: VideoPart, encoding: Encoding, path: string): Out | null {
  return encodeMedia('video', part, encoding.own) ?? lost(encoding, path, 'the target takes films by data or s3 only');
}

export function encodeAudio(part: AudioPart, encoding: Encoding, path: string): Out | null {
  if (part.transcript !== undefined) encoding.report.add(`${path}.transcript`, 'not known to the target');
  return encodeMedia('audio', part, encoding.own) ?? lost(encoding, path, 'the target takes sound by data or s3 only');
}

export function encodeFile(part: FilePart, encoding: Encoding, path: string, encodeParts: EncodeParts): Out | null {
  if (encoding.own) return encodeOwnFile(part, path, encodeParts);
  const { source, title, filename, context, citable } = part;
  const written = documentSource(source, path, encodeParts);
  if (written === null) return lost(encoding, path, 'the target takes documents by data, text or s3 only');
  const format = documentFormat(part);
  if (format === undefined) return lost(encoding, path, 'the target knows no documents of this type');
  const name = documentName(title ?? filename ?? 'document', encoding.names);
  if (title !== undefined && filename !== undefined && title !== filename)
    encoding.report.add(`${path}.filename`, 'the target has one name for a document');
  return {
    document: given({
      format,
      name,
      source: written,
      context,
      citations: citable === true ? { enabled: true } : undefined,
    }),
  };
}

function encodeOwnFile(
  { source, title, context, citable, form }: FilePart,
  path: string,
  encodeParts: EncodeParts,
): Out {
  const citations = citable === undefined ? undefined : { enabled: citable };
  const parts = source.kind === 'parts' ? encodeParts(source.parts, `${path}.source`) : undefined;
  if (form === 'searchResult') return { searchResult: given({ title, content: parts, citations }) };
  const written = source.kind === 'text' ? { text: source.text } : (mediaSource(source) ?? { content: parts });
  return { document: given({ format: form, name: title, source: written, context, citations }) };
}

/** Text goes as bytes, which all models read. */
function documentSource(source: MediaSource, path: string, encodeParts: EncodeParts): Out | null {
  if (source.kind === 'text') return { bytes: Buffer.from(source.text).toString('base64') };
  if (source.kind === 'parts') return { content: encodeParts(source.parts, `${path}.source`).filter(isText) };
  return mediaSource(source);
}

function isText(block: Out): boolean {
  return typeof block['text'] === 'string';
}

function documentFormat({ source, filename, title }: FilePart): string | undefined {
  const byType = formatOf('document', source.mediaType);
  if (source.kind === 'text' || source.kind === 'parts') return byType ?? 'txt';
  const url = source.kind === 'url' ? source.url : undefined;
  const byName = [filename, url, title].map(formatOfName).find((format) => format !== undefined);
  return byType ?? byName ?? (source.kind === 'data' ? formatOfData(source) : undefined);
}

function formatOfData({ data, mediaType }: MediaSource & { kind: 'data' }): string | undefined {
  if (mediaType?.startsWith('text/') === true) return 'txt';
  // `%PDF-`
  return data.startsWith('JVBERi0') ? 'pdf' : undefined;
}

/** The service refuses other characters, two spaces in a row, and the same name twice. */
function documentName(wanted: string, taken: Set<string>): string {
  const plain = wanted
    .replace(/[^a-zA-Z0-9\s\-()[\]]/g, '-')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 190);
  const base = plain === '' ? 'document' : plain;
  let name = base;
  for (let count = 2; taken.has(name); count++) name = `${base} (${String(count)})`;
  taken.add(name);
  return name;
}
