import type {
  AudioPart,
  FilePart,
  ImagePart,
  LossReport,
  MediaSource,
  Part,
  PartType,
  TextPart,
  VideoPart,
} from '../../protocol/index.js';
import { given, jsonText, reportExtensions, writeExtensions } from '../fields.js';
import { urlOf } from '../media.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Whose words the request is in, and where losses go. */
export interface Encoding {
  /** Whether it was decoded from this very format: then its own forms and breakpoints are written again. */
  readonly own: boolean;
  readonly report: LossReport;
}

/** A part of content, `null` where the format has none for it; the loss is reported. */
export function encodePart(part: Part, encoding: Encoding, path: string): Out | null {
  const out = encodeKnown(part, encoding, path);
  if (out === null) return null;
  if (part.cache !== undefined) writeCache(out, part.cache, encoding, path);
  writeExtensions(out, part.extensions, FORMAT);
  reportExtensions(encoding.report, part.extensions, FORMAT, path);
  return out;
}

function writeCache(out: Out, cache: NonNullable<Part['cache']>, { own, report }: Encoding, path: string): void {
  if (!own) {
    report.add(`${path}.cache`, 'the target has no cache breakpoints');
    return;
  }
  out['cache_control'] = cacheControl(cache);
}

export function cacheControl(cache: NonNullable<Part['cache']>): Out {
  const control: Out = { type: 'ephemeral', ...(cache.ttl === undefined ? {} : { ttl: cache.ttl }) };
  writeExtensions(control, cache.extensions, FORMAT);
  return control;
}

type Encoder<T extends Part = Part> = (part: T, encoding: Encoding, path: string) => Out | null;

const ENCODERS: { readonly [T in PartType]?: Encoder<Extract<Part, { type: T }>> } = {
  text: encodeText,
  image: encodeImage,
  audio: encodeAudio,
  file: encodeFile,
  video: encodeVideo,
  refusal: (part) => ({ type: 'refusal', refusal: part.text }),
  json: (part) => ({ type: 'text', text: jsonText(part.value) }),
  reasoning: (part, encoding, path) =>
    encoding.own
      ? { type: 'thinking', thinking: [{ type: 'text', text: part.text }] }
      : lost(encoding, path, 'no reasoning in the content of the target'),
  opaque: (part, encoding, path) =>
    part.format === FORMAT ? (part.value as Out) : lost(encoding, path, `a part only ${part.format} knows`),
};

function encodeKnown(part: Part, encoding: Encoding, path: string): Out | null {
  const encode = ENCODERS[part.type] as Encoder | undefined;
  return encode?.(part, encoding, path) ?? (encode === undefined ? lost(encoding, path, noParts(part.type)) : null);
}

const noParts = (type: PartType): string => `no ${type} parts in the content of the target`;

function encodeText(part: TextPart, { report }: Encoding, path: string): Out {
  if ((part.citations?.length ?? 0) > 0) report.add(`${path}.citations`, 'not known to the target in a request');
  return { type: 'text', text: part.text };
}

function lost({ report }: Encoding, path: string, reason: string): null {
  report.add(path, reason);
  return null;
}

function encodeImage(part: ImagePart, encoding: Encoding, path: string): Out | null {
  const url = urlOf(part.source, 'image/png');
  if (url === null) return lost(encoding, path, 'the target takes images by URL or data only');
  if (encoding.own && part.form === 'string') return { type: 'image_url', image_url: url };
  return { type: 'image_url', image_url: { url, ...(part.detail === undefined ? {} : { detail: part.detail }) } };
}

const AUDIO_FORMATS: Readonly<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/x-wav': 'wav',
  'audio/wave': 'wav',
  'audio/vnd.wave': 'wav',
};

function encodeAudio(part: AudioPart, encoding: Encoding, path: string): Out | null {
  const { source } = part;
  if (encoding.own && part.form?.startsWith('string') === true) return bareAudio(part);
  if (source.kind !== 'data') return lost(encoding, path, 'the target takes sound by data only');
  return { type: 'input_audio', input_audio: given({ data: source.data, format: audioFormat(source.mediaType) }) };
}

function bareAudio({ source, form }: AudioPart): Out {
  const bare = form === 'string' && source.kind === 'data' ? source.data : urlOf(source, 'audio/mpeg');
  return { type: 'input_audio', input_audio: bare };
}

function audioFormat(mediaType: string | undefined): string | undefined {
  if (mediaType === undefined) return undefined;
  return Object.hasOwn(AUDIO_FORMATS, mediaType) ? AUDIO_FORMATS[mediaType] : mediaType.replace(/^audio\//, '');
}

function encodeFile(part: FilePart, encoding: Encoding, path: string): Out | null {
  const { source, filename } = part;
  if (encoding.own && part.form === 'document_url') {
    return { type: 'document_url', document_url: urlOf(source, ''), ...named('document_name', filename) };
  }
  reportDocument(part, encoding, path);
  if (source.kind === 'file-id')
    return { type: 'file', file: { file_id: source.fileId, ...named('filename', filename) } };
  if (source.kind === 'text') return { type: 'text', text: source.text };
  const data = fileData(source, encoding.own && part.form === 'base64', encoding.own);
  if (data === null) return lost(encoding, path, 'the target takes documents by id or data only');
  // The API refuses data without a name.
  const name = filename ?? (encoding.own ? undefined : (part.title ?? 'document'));
  return { type: 'file', file: { file_data: data, ...named('filename', name) } };
}

function fileData(source: MediaSource, bare: boolean, urlsToo: boolean): string | null {
  if (source.kind === 'data') return bare ? source.data : urlOf(source, 'application/pdf');
  return urlsToo ? urlOf(source, '') : null;
}

function named(field: string, value: string | undefined): Out {
  return value === undefined ? {} : { [field]: value };
}

/** What other formats tell of documents. */
function reportDocument(part: FilePart, { report }: Encoding, path: string): void {
  if (part.source.kind === 'text') report.add(path, 'the document is sent as text');
  if (part.title !== undefined && part.filename !== undefined) report.add(`${path}.title`, 'not known to the target');
  if (part.context !== undefined) report.add(`${path}.context`, 'not known to the target');
  if (part.citable === true) report.add(`${path}.citable`, 'not known to the target');
}

function encodeVideo(part: VideoPart, encoding: Encoding, path: string): Out | null {
  const url = urlOf(part.source, 'video/mp4');
  if (!encoding.own || url === null) return lost(encoding, path, 'the target takes no films');
  return { type: 'video_url', video_url: part.form === 'string' ? url : { url } };
}
