import type {
  AudioPart,
  CacheBreakpoint,
  Extensible,
  FilePart,
  ImagePart,
  JsonFields,
  OpaquePart,
  Part,
  ReasoningPart,
  TextPart,
  VideoPart,
} from '../../protocol/index.js';
import { isFields, listOf, objectOf, restOf, type Shape, shape, textOf, withInner } from '../fields.js';
import { sourceOfUrl } from '../media.js';
import {
  AUDIO_PART,
  CACHE_CONTROL,
  DOCUMENT_PART,
  FILE,
  FILE_PART,
  FORMAT,
  IMAGE_PART,
  IMAGE_URL,
  INPUT_AUDIO,
  REFUSAL_PART,
  TEXT_PART,
  THINKING_PART,
  VIDEO_PART,
  VIDEO_URL,
} from './shapes.js';

/** Content as it stands in a message: a bare string, or a list of parts. */
export function decodeContent(content: unknown): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.map(decodePart) : [];
}

/** One part of content; what is none of the known kinds is kept as it is. */
export function decodePart(value: unknown): Part {
  if (!isFields(value)) return opaque(value);
  const type = textOf(value, 'type');
  const decode = type !== undefined && Object.hasOwn(DECODERS, type) ? DECODERS[type] : undefined;
  return decode?.(value) ?? opaque(value);
}

const DECODERS: Readonly<Record<string, (value: JsonFields) => Part | null>> = {
  text: decodeText,
  image_url: decodeImage,
  input_audio: decodeAudio,
  file: decodeFile,
  document_url: decodeDocument,
  video_url: decodeVideo,
  refusal: (value) => {
    const text = textOf(value, 'refusal');
    return text === undefined ? null : { type: 'refusal', text, ...kept(value, REFUSAL_PART), form: 'part' };
  },
  thinking: decodeThinking,
};

function opaque(value: unknown): OpaquePart {
  return { type: 'opaque', format: FORMAT, value };
}

function kept(value: JsonFields, table: Shape): Pick<Extensible, 'extensions'> {
  return { extensions: restOf(value, table, FORMAT) };
}

/** Anthropic's breakpoints, as OpenRouter and others take them in this format. */
export function cacheOf(value: JsonFields): CacheBreakpoint | undefined {
  const control = objectOf(value, 'cache_control');
  if (control === undefined) return undefined;
  return { ttl: textOf(control, 'ttl'), extensions: restOf(control, CACHE_CONTROL, FORMAT) };
}

function decodeText(value: JsonFields): TextPart | null {
  const text = textOf(value, 'text');
  return text === undefined ? null : { type: 'text', text, cache: cacheOf(value), ...kept(value, TEXT_PART) };
}

/** The URL stands in an object, or bare (Mistral). */
function decodeImage(value: JsonFields): ImagePart | null {
  const bare = textOf(value, 'image_url');
  const inner = objectOf(value, 'image_url') ?? {};
  const url = bare ?? textOf(inner, 'url');
  if (url === undefined) return null;
  return {
    type: 'image',
    source: sourceOfUrl(url),
    detail: textOf(inner, 'detail'),
    cache: cacheOf(value),
    extensions: withInner(restOf(value, IMAGE_PART, FORMAT), FORMAT, 'image_url', restOf(inner, IMAGE_URL, FORMAT)),
    form: bare === undefined ? undefined : 'string',
  };
}

function decodeVideo(value: JsonFields): VideoPart | null {
  const bare = textOf(value, 'video_url');
  const inner = objectOf(value, 'video_url') ?? {};
  const url = bare ?? textOf(inner, 'url');
  if (url === undefined) return null;
  return {
    type: 'video',
    source: sourceOfUrl(url),
    cache: cacheOf(value),
    extensions: withInner(restOf(value, VIDEO_PART, FORMAT), FORMAT, 'video_url', restOf(inner, VIDEO_URL, FORMAT)),
    form: bare === undefined ? undefined : 'string',
  };
}

/** Sound in an object with its format, or bare: base64 or a URL (Mistral). */
function decodeAudio(value: JsonFields): AudioPart | null {
  const bare = textOf(value, 'input_audio');
  if (bare !== undefined) {
    const source = /^(https?|data):/.test(bare) ? sourceOfUrl(bare) : ({ kind: 'data', data: bare } as const);
    const form = bare.startsWith('data:') ? 'string url' : 'string';
    return { type: 'audio', source, cache: cacheOf(value), ...kept(value, AUDIO_PART), form };
  }
  const inner = objectOf(value, 'input_audio') ?? {};
  const data = textOf(inner, 'data');
  if (data === undefined) return null;
  const format = textOf(inner, 'format');
  return {
    type: 'audio',
    source: { kind: 'data', data, mediaType: format === undefined ? undefined : `audio/${format}` },
    cache: cacheOf(value),
    extensions: withInner(restOf(value, AUDIO_PART, FORMAT), FORMAT, 'input_audio', restOf(inner, INPUT_AUDIO, FORMAT)),
  };
}

function decodeFile(value: JsonFields): FilePart | null {
  const inner = objectOf(value, 'file') ?? {};
  const fileId = textOf(inner, 'file_id');
  const data = textOf(inner, 'file_data');
  if (fileId === undefined && data === undefined) return null;
  const bare = data !== undefined && !data.startsWith('data:') && !/^https?:/.test(data);
  return {
    type: 'file',
    source:
      data === undefined ? { kind: 'file-id', fileId: fileId! } : bare ? { kind: 'data', data } : sourceOfUrl(data),
    filename: textOf(inner, 'filename'),
    cache: cacheOf(value),
    extensions: withInner(
      restOf(value, FILE_PART, FORMAT),
      FORMAT,
      'file',
      restOf(inner, data === undefined ? FILE : FILE_DATA, FORMAT),
    ),
    form: bare ? 'base64' : undefined,
  };
}

/** A file that has its data beside an id keeps the id as it is. */
const FILE_DATA: Shape = shape({ file_data: FILE['file_data']!, filename: FILE['filename']! });

/** Mistral's documents. */
function decodeDocument(value: JsonFields): FilePart | null {
  const url = textOf(value, 'document_url');
  if (url === undefined) return null;
  return {
    type: 'file',
    source: sourceOfUrl(url),
    filename: textOf(value, 'document_name'),
    ...kept(value, DOCUMENT_PART),
    form: 'document_url',
  };
}

/** Mistral's reasoning: a part with a list of texts. */
function decodeThinking(value: JsonFields): ReasoningPart | null {
  const texts = listOf(value, 'thinking');
  if (texts?.every(isPlainText) !== true) return null;
  const text = texts.map((one) => (one as { text: string }).text).join('');
  return { type: 'reasoning', text, ...kept(value, THINKING_PART), form: 'thinking' };
}

function isPlainText(value: unknown): boolean {
  return isFields(value) && value['type'] === 'text' && typeof value['text'] === 'string';
}
