import type {
  AudioPart,
  BuiltinCallPart,
  BuiltinResultPart,
  CacheBreakpoint,
  Citation,
  FilePart,
  ImagePart,
  LossReport,
  MediaSource,
  Part,
  PartType,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '../../protocol/index.js';
import { argumentsObject, given, jsonText, reportExtensions, writeExtensions } from '../fields.js';
import { joinedText } from '../instructions.js';
import { sealSignature } from '../signature-envelope.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Whose words it is in, where it goes, and where losses go. */
export interface Encoding {
  /** Whether it was decoded from this very format: then its own forms are written again. */
  readonly own: boolean;
  /** Whether a caller reads it: then signatures of other formats travel in envelopes. A provider gets its own only. */
  readonly toCaller: boolean;
  readonly report: LossReport;
}

type Encoder<T extends Part = Part> = (part: T, encoding: Encoding, path: string) => Out | null;

const ENCODERS: { readonly [T in PartType]?: Encoder<Extract<Part, { type: T }>> } = {
  text: encodeText,
  image: encodeImage,
  audio: (part, encoding, path) => lost(encoding, path, soundReason(part)),
  file: encodeFile,
  json: (part) => ({ type: 'text', text: jsonText(part.value) }),
  'tool-call': encodeToolUse,
  'tool-result': encodeToolResult,
  reasoning: encodeReasoning,
  refusal: (part, { report }, path) => {
    report.add(path, 'a refusal is told as text');
    return part.text.trim() === '' ? null : { type: 'text', text: part.text };
  },
  'builtin-call': encodeServerUse,
  'builtin-result': encodeServerResult,
  opaque: (part, encoding, path) =>
    part.format === FORMAT ? (part.value as Out) : lost(encoding, path, `a part only ${part.format} knows`),
};

/** A block, `null` where the format has none for the part; the loss is reported. */
export function encodeBlock(part: Part, encoding: Encoding, path: string): Out | null {
  const encode = ENCODERS[part.type] as Encoder | undefined;
  if (encode === undefined) return lost(encoding, path, `no ${part.type} blocks in the target`);
  const out = encode(part, encoding, path);
  if (out === null) return null;
  if (part.cache !== undefined) out['cache_control'] = cacheControl(part.cache, encoding.report, `${path}.cache`);
  writeExtensions(out, part.extensions, FORMAT);
  reportExtensions(encoding.report, part.extensions, FORMAT, path);
  return out;
}

function lost({ report }: Encoding, path: string, reason: string): null {
  report.add(path, reason);
  return null;
}

function soundReason(part: AudioPart): string {
  return part.transcript === undefined
    ? 'the target takes no sound'
    : 'the target takes no sound; its transcript too is left out';
}

/** Breakpoints of other formats may last for times this one does not know. */
export function cacheControl(cache: CacheBreakpoint, report: LossReport, path: string): Out {
  const ttl = cache.ttl === '5m' || cache.ttl === '1h' ? cache.ttl : undefined;
  if (cache.ttl !== undefined && ttl === undefined) report.add(`${path}.ttl`, 'not known to the target');
  const out = given({ type: 'ephemeral', ttl });
  writeExtensions(out, cache.extensions, FORMAT);
  return out;
}

/** Texts without a word are refused. */
function encodeText(part: TextPart, encoding: Encoding, path: string): Out | null {
  if (!encoding.own && !encoding.toCaller && part.text.trim() === '') return null;
  const citations = part.citations?.flatMap((citation, index) => {
    const encoded = encodeCitation(citation, encoding.toCaller);
    if (encoded === null) encoding.report.add(`${path}.citations[${String(index)}]`, 'the target cannot cite this');
    return encoded === null ? [] : [encoded];
  });
  return { type: 'text', text: part.text, ...(citations === undefined ? {} : { citations }) };
}

/** A provider believes only citations it signed; a caller is shown any address. */
export function encodeCitation(citation: Citation, toCaller: boolean): Out | null {
  if (citation.raw?.format === FORMAT) return { ...citation.raw.value };
  if (!toCaller || citation.url === undefined) return null;
  return {
    type: 'web_search_result_location',
    url: citation.url,
    title: citation.title ?? null,
    cited_text: citation.quote ?? '',
    encrypted_index: '',
  };
}

function encodeSource(source: MediaSource, encoding: Encoding, fallbackType: string): Out | null {
  switch (source.kind) {
    case 'data':
      return { type: 'base64', media_type: source.mediaType ?? fallbackType, data: source.data };
    case 'text':
      return given({ type: 'text', media_type: encoding.own ? source.mediaType : 'text/plain', data: source.text });
    case 'url':
      return given({ type: 'url', url: source.url, media_type: encoding.own ? source.mediaType : undefined });
    case 'file-id':
      return encoding.own ? given({ type: 'file', file_id: source.fileId, media_type: source.mediaType }) : null;
    case 'parts':
      return { type: 'content' };
  }
}

/** Answers are made of fewer blocks than requests. */
function isForeignAnswer({ own, toCaller }: Encoding): boolean {
  return toCaller && !own;
}

/** The only types of images the API takes. */
const IMAGE_TYPES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

function encodeImage(part: ImagePart, encoding: Encoding, path: string): Out | null {
  const { source, detail } = part;
  if (isForeignAnswer(encoding)) return lost(encoding, path, 'no images in an answer of the target');
  if (detail !== undefined && detail !== 'auto') encoding.report.add(`${path}.detail`, 'not known to the target');
  const reason = encoding.own ? null : imageReason(source);
  if (reason !== null) return lost(encoding, path, reason);
  const written = encodeSource(source, encoding, 'image/png');
  return written === null ? null : { type: 'image', source: written };
}

function imageReason(source: MediaSource): string | null {
  if (!canSend(source, 'image')) return 'the target takes images by http URL or data only';
  const isKnown = source.kind !== 'data' || source.mediaType === undefined || IMAGE_TYPES.has(source.mediaType);
  return isKnown ? null : 'the target takes JPEG, PNG, GIF and WebP only';
}

/** Whether the API could fetch or read it: no other vendor's buckets and ids. */
function canSend(source: MediaSource, what: 'image' | 'file'): boolean {
  if (source.kind === 'url') return /^https?:\/\//i.test(source.url);
  return source.kind === 'data' || (what === 'file' && (source.kind === 'text' || source.kind === 'parts'));
}

function encodeFile(part: FilePart, encoding: Encoding, path: string): Out | null {
  const { source, title, filename, context, citable } = part;
  if (isForeignAnswer(encoding)) return lost(encoding, path, 'no documents in an answer of the target');
  if (!encoding.own && !canSend(source, 'file'))
    return lost(encoding, path, 'the target takes documents by http URL, data or text only');
  const written = documentSource(part, encoding, path);
  if (written === null) return lost(encoding, path, 'the target takes PDF and plain text only');
  return given({
    type: 'document',
    source: written,
    title: title ?? filename,
    context,
    citations: citable === undefined ? undefined : { enabled: citable },
  });
}

function documentSource({ source, form }: FilePart, encoding: Encoding, path: string): Out | null {
  if (source.kind === 'parts') {
    if (encoding.own && form === 'string') return { type: 'content', content: joinedText(source.parts, '') };
    return { type: 'content', content: encodeBlocks(source.parts, encoding, `${path}.source`) };
  }
  if (encoding.own || source.kind !== 'data') return encodeSource(source, encoding, 'application/pdf');
  const type = source.mediaType ?? 'application/pdf';
  if (type === 'application/pdf') return encodeSource(source, encoding, type);
  // Text in base64 is sent as the text it is.
  if (!type.startsWith('text/')) return null;
  return { type: 'text', media_type: 'text/plain', data: Buffer.from(source.data, 'base64').toString('utf8') };
}

/** Blocks of a list, those left out that the format has not. */
export function encodeBlocks(parts: readonly Part[], encoding: Encoding, path: string): Out[] {
  const out: Out[] = [];
  parts.forEach((part, index) => {
    const block = encodeBlock(part, encoding, `${path}.parts[${String(index)}]`);
    const seal = foreignSeal(part, encoding);
    if (block !== null && seal !== null) out.push(seal);
    if (block !== null) out.push(block);
  });
  return out;
}

/**
 * Only thoughts have a signature here. What another format's provider wants back with a call, a text or an image goes to the
 * caller as a hidden thought before it, and stands there when it comes back.
 */
export function foreignSeal(part: Part, { own, toCaller }: Encoding): Out | null {
  if (own || !toCaller || !('signature' in part) || part.type === 'reasoning') return null;
  const seal = sealSignature({ signature: part.signature }, FORMAT);
  return seal === undefined ? null : hiddenThought(seal);
}

export function hiddenThought(seal: string): Out {
  return { type: 'redacted_thinking', data: seal };
}

/** The API refuses other characters in ids; calls and results are changed alike. */
function idOf(id: string, { own }: Encoding): string {
  return own ? id : id.replace(/[^a-zA-Z0-9_-]/g, '_');
}

function encodeToolUse(part: ToolCallPart, encoding: Encoding, path: string): Out {
  if (part.signature !== undefined && !encoding.toCaller)
    encoding.report.add(`${path}.signature`, 'no place in the target');
  return {
    type: 'tool_use',
    id: idOf(part.id, encoding),
    name: part.name,
    input:
      part.kind === 'custom'
        ? { input: part.arguments }
        : argumentsObject(part.arguments, encoding.report, `${path}.arguments`),
  };
}

function encodeToolResult(part: ToolResultPart, encoding: Encoding, path: string): Out {
  const out: Out = { type: 'tool_result', tool_use_id: idOf(part.callId, encoding) };
  const content = resultContent(part, encoding, path);
  if (content !== undefined) out['content'] = content;
  if (part.isError !== undefined && (part.isError || encoding.own)) out['is_error'] = part.isError;
  return out;
}

function resultContent(part: ToolResultPart, encoding: Encoding, path: string): unknown {
  const { content, form } = part;
  const isText = content.every(({ type }) => type === 'text');
  if (encoding.own && form === undefined) return undefined;
  if (encoding.own ? form === 'string' : isText && content.length <= 1) return joinedText(content, '');
  return encodeBlocks(content, encoding, `${path}.content`);
}

function encodeReasoning(part: ReasoningPart, encoding: Encoding, path: string): Out | null {
  if (!encoding.toCaller && !isTakenBack(part, encoding.own)) return unsigned(part, encoding, path);
  const seal = sealSignature(part, FORMAT);
  if (part.redacted === true && seal !== undefined) return hiddenThought(seal);
  const words = part.text === '' ? (part.summary?.join('\n\n') ?? '') : part.text;
  return { type: 'thinking', thinking: words, ...signatureField(seal, encoding) };
}

/** A provider takes back what it signed itself; what nobody signed goes back where it came from. */
function isTakenBack({ encrypted, signature }: ReasoningPart, own: boolean): boolean {
  const kept = encrypted ?? signature;
  return kept === undefined ? own : kept.origin === FORMAT;
}

function unsigned({ text, summary, encrypted }: ReasoningPart, encoding: Encoding, path: string): null {
  if (text === '' && summary === undefined && encrypted === undefined) return null;
  return lost(encoding, path, 'the target takes back only reasoning that it has signed');
}

function signatureField(seal: string | undefined, { own }: Encoding): Out {
  if (seal !== undefined) return { signature: seal };
  return own ? {} : { signature: '' };
}

function encodeServerUse(part: BuiltinCallPart, encoding: Encoding, path: string): Out | null {
  if (!encoding.own) return lost(encoding, path, "the provider's own tools are not known to the target");
  const input = argumentsObject(part.arguments, encoding.report, `${path}.arguments`);
  return given({ type: part.form ?? 'server_tool_use', id: part.id, name: part.name, input, server_name: part.server });
}

function encodeServerResult(part: BuiltinResultPart, encoding: Encoding, path: string): Out | null {
  if (part.format !== FORMAT) return lost(encoding, path, "the provider's own tools are not known to the target");
  return given({ type: part.form, tool_use_id: part.callId, content: part.value, is_error: part.isError });
}
