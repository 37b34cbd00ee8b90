import type {
  AudioPart,
  Citation,
  FilePart,
  ImagePart,
  LossReport,
  MediaSource,
  Part,
  PartType,
  Role,
  TextPart,
  TokenLogprob,
} from '../../protocol/index.js';
import { given, jsonText, reportExtensions, writeExtensions } from '../fields.js';
import { urlOf } from '../media.js';
import { textType } from './decode-parts.js';
import { formWords, valueOf } from './forms.js';
import { encodeTokens } from './logprobs.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Whose words they are in, for whom, and where losses go. */
export interface Encoding {
  /** Whether it was decoded from this very format: then its own forms are written again. */
  readonly own: boolean;
  /** An answer for a caller: foreign signatures travel in envelopes, so that they come back. */
  readonly toCaller: boolean;
  readonly report: LossReport;
  /** The probabilities of an answer's tokens that are not written yet. */
  readonly tokens?: TokenLogprob[] | undefined;
}

/** A part of content, `null` where the format has none for it; the loss is reported. */
export function encodePart(part: Part, role: Role, encoding: Encoding, path: string): Out | null {
  const encode = ENCODERS[part.type] as Encoder | undefined;
  if (encode === undefined) return lost(encoding, path, `no ${part.type} parts in the content of the target`);
  const out = encode(part, role, encoding, path);
  if (out === null) return null;
  writeExtensions(out, part.extensions, FORMAT);
  reportExtensions(encoding.report, part.extensions, FORMAT, path);
  return out;
}

export function lost({ report }: Encoding, path: string, reason: string): null {
  report.add(path, reason);
  return null;
}

type Encoder<T extends Part = Part> = (part: T, role: Role, encoding: Encoding, path: string) => Out | null;

const ENCODERS: { readonly [T in PartType]?: Encoder<Extract<Part, { type: T }>> } = {
  text: encodeText,
  image: (part, _role, encoding, path) => encodeImage(part, encoding, path),
  audio: (part, _role, encoding, path) => encodeAudio(part, encoding, path),
  file: (part, _role, encoding, path) => encodeFile(part, encoding, path),
  json: (part, role) => textPart(jsonText(part.value), role),
  refusal: (part, role) =>
    role === 'assistant' ? { type: 'refusal', refusal: part.text } : { type: 'input_text', text: part.text },
  opaque: (part, _role, encoding, path) =>
    part.format === FORMAT ? { ...(part.value as Out) } : lost(encoding, path, `a part only ${part.format} knows`),
};

function textPart(text: string, role: Role): Out {
  return role === 'assistant' ? { type: 'output_text', text, annotations: [] } : { type: 'input_text', text };
}

function encodeText(part: TextPart, role: Role, encoding: Encoding, path: string): Out | null {
  const { own, toCaller, report } = encoding;
  if (part.text === '' && !own && !toCaller) return null;
  const type = typeOf(part, role, own);
  if (part.signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
  const out: Out = { type, text: part.text };
  if (type === 'output_text') writeOutput(out, part, encoding, path);
  else if ((part.citations?.length ?? 0) > 0) report.add(`${path}.citations`, 'not known to the target in a request');
  return out;
}

function typeOf({ form }: TextPart, role: Role, own: boolean): string {
  return (own ? valueOf(formWords(form), 'type') : undefined) ?? textType(role);
}

/** What a text of the model has beside it. */
function writeOutput(out: Out, part: TextPart, encoding: Encoding, path: string): void {
  const { own, toCaller } = encoding;
  const annotations = annotationsOf(part, encoding, path);
  if (annotations !== undefined) out['annotations'] = annotations;
  const count = own ? valueOf(formWords(part.form), 'logprobs') : toCaller ? '0' : undefined;
  if (count !== undefined) out['logprobs'] = encodeTokens(takenTokens(encoding, own ? Number(count) : Infinity));
}

function takenTokens({ tokens }: Encoding, count: number): TokenLogprob[] {
  return tokens?.splice(0, count) ?? [];
}

function annotationsOf({ citations, text, form }: TextPart, encoding: Encoding, path: string): Out[] | undefined {
  if (citations === undefined) return encoding.own && formWords(form)['bare'] !== true ? undefined : [];
  return citations.flatMap((citation, index): Out[] => {
    const out = encodeAnnotation({ start: 0, end: text.length, ...citation });
    if (out === null) encoding.report.add(`${path}.citations[${String(index)}]`, 'the target cannot cite this');
    return out === null ? [] : [out];
  });
}

/** `null` for sources that have neither a URL nor a file. */
export function encodeAnnotation(citation: Citation): Out | null {
  if (citation.raw?.format === FORMAT) return { ...citation.raw.value };
  const { url, title, fileId, start, end } = citation;
  if (url !== undefined)
    return { type: 'url_citation', url, title: title ?? '', start_index: start ?? 0, end_index: end ?? 0 };
  if (fileId === undefined) return null;
  return { type: 'file_citation', file_id: fileId, filename: title ?? '', index: end ?? 0 };
}

function encodeImage(part: ImagePart, encoding: Encoding, path: string): Out | null {
  const { source, detail } = part;
  const url = urlOf(source, 'image/png');
  const told = encoding.own ? detail : (detail ?? 'auto');
  if (source.kind === 'file-id' && encoding.own)
    return given({ type: 'input_image', file_id: source.fileId, detail: told });
  if (url === null) return lost(encoding, path, 'the target takes images by URL or data only');
  return given({ type: 'input_image', image_url: url, detail: told });
}

const AUDIO_FORMATS: Readonly<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/wave': 'wav',
};

function encodeAudio({ source }: AudioPart, encoding: Encoding, path: string): Out | null {
  if (source.kind !== 'data') return lost(encoding, path, 'the target takes sound by data only');
  const { mediaType, data } = source;
  if (encoding.own)
    return { type: 'input_audio', input_audio: given({ data, format: mediaType?.replace(/^audio\//, '') }) };
  const format = mediaType === undefined ? undefined : AUDIO_FORMATS[mediaType];
  if (format === undefined) return lost(encoding, path, 'the target takes MP3 and WAV only');
  return { type: 'input_audio', input_audio: { data, format } };
}

function encodeFile(part: FilePart, encoding: Encoding, path: string): Out | null {
  const { source, filename } = part;
  const { own, report } = encoding;
  if (!own) reportDocument(part, report, path);
  switch (source.kind) {
    case 'file-id':
      return own
        ? given({ type: 'input_file', file_id: source.fileId, filename })
        : lost(encoding, path, 'a file uploaded to another provider');
    case 'text':
      report.add(path, 'the document is sent as text');
      return { type: 'input_text', text: source.text };
    case 'parts':
      return lost(encoding, path, 'no documents made of parts');
    case 'url':
      return given({ type: 'input_file', file_url: source.url, filename: own ? filename : undefined });
    case 'data':
      return fileOfData(part, source, own);
  }
}

function fileOfData(part: FilePart, source: Extract<MediaSource, { kind: 'data' }>, own: boolean): Out {
  const url = urlOf(source, 'application/pdf');
  // The API refuses data without a name.
  if (!own) return { type: 'input_file', file_data: url, filename: part.filename ?? part.title ?? 'document.pdf' };
  const words = formWords(part.form);
  const field = words['url'] === true ? 'file_url' : 'file_data';
  return given({ type: 'input_file', [field]: words['base64'] === true ? source.data : url, filename: part.filename });
}

/** What other formats tell of documents. */
function reportDocument(part: FilePart, report: LossReport, path: string): void {
  if (part.title !== undefined && part.filename !== undefined) report.add(`${path}.title`, 'not known to the target');
  if (part.context !== undefined) report.add(`${path}.context`, 'not known to the target');
  if (part.citable === true) report.add(`${path}.citable`, 'not known to the target');
}
