import type {
  AudioPart,
  Citation,
  Extensible,
  FilePart,
  ImagePart,
  JsonFields,
  MediaSource,
  Part,
  Role,
  TextPart,
  TokenLogprob,
} from '../../protocol/index.js';
import { isFields, listOf, numberOf, objectOf, restOf, type Shape, shape, textOf, withInner } from '../fields.js';
import { sourceOfUrl } from '../media.js';
import { type FormWords, formText } from './forms.js';
import { decodeTokens } from './logprobs.js';
import {
  ANNOTATION,
  AUDIO_PART,
  FILE_PART,
  FORMAT,
  IMAGE_PART,
  INPUT_AUDIO,
  OUTPUT_TEXT,
  REFUSAL_PART,
  TEXT_PART,
} from './shapes.js';

/** Where parts stand. */
export interface PartContext {
  readonly role: Role;
  /** Takes the probabilities of an answer's tokens; in a request they stay where they are. */
  readonly tokens?: TokenLogprob[] | undefined;
}

/** One part of content with words for its form; what is none of the known kinds is kept as it is. */
export function decodePart(value: unknown, context: PartContext): Part {
  if (!isFields(value)) return { type: 'opaque', format: FORMAT, value };
  const type = textOf(value, 'type') ?? '';
  const decode = Object.hasOwn(DECODERS, type) ? DECODERS[type] : undefined;
  return decode?.(value, context) ?? { type: 'opaque', format: FORMAT, value };
}

/** The type a text has where nothing else is said. */
export function textType(role: Role): string {
  return role === 'assistant' ? 'output_text' : 'input_text';
}

type Decoder = (value: JsonFields, context: PartContext) => Part | null;

const DECODERS: Readonly<Record<string, Decoder>> = {
  input_text: decodeText,
  output_text: decodeText,
  text: decodeText,
  refusal: (value) => {
    const text = textOf(value, 'refusal');
    return text === undefined ? null : { type: 'refusal', text, ...kept(value, REFUSAL_PART) };
  },
  input_image: decodeImage,
  input_file: decodeFile,
  input_audio: decodeAudio,
};

function kept(value: JsonFields, table: Shape): Pick<Extensible, 'extensions'> {
  return { extensions: restOf(value, table, FORMAT) };
}

function decodeText(value: JsonFields, context: PartContext): TextPart | null {
  const text = textOf(value, 'text');
  const type = textOf(value, 'type');
  if (text === undefined) return null;
  const words = { type: type === textType(context.role) ? undefined : type };
  if (type === 'output_text') return decodeOutputText(text, value, context, words);
  return { type: 'text', text, ...kept(value, TEXT_PART), form: formText(words) };
}

function decodeOutputText(text: string, value: JsonFields, { tokens }: PartContext, words: FormWords): TextPart {
  const logprobs = listOf(value, 'logprobs');
  const isRead = logprobs !== undefined && areRead(logprobs, tokens);
  if (isRead) tokens?.push(...decodeTokens(logprobs));
  return {
    type: 'text',
    text,
    ...kept(value, isRead || logprobs === undefined ? OUTPUT_TEXT : WITHOUT_LOGPROBS),
    ...citedIn(value, { ...words, logprobs: isRead ? String(logprobs.length) : undefined }),
  };
}

function citedIn(value: JsonFields, words: FormWords): Pick<TextPart, 'citations' | 'form'> {
  const annotations = listOf(value, 'annotations');
  if (annotations?.length === 0) return { form: formText({ ...words, bare: true }) };
  return { citations: annotations?.map(decodeAnnotation), form: formText(words) };
}

function areRead(logprobs: readonly unknown[], tokens: PartContext['tokens']): boolean {
  return logprobs.length === 0 || (tokens !== undefined && logprobs.every(isFields));
}

const WITHOUT_LOGPROBS = shape({ type: 1, text: 1, annotations: 8 });

export function decodeAnnotation(value: unknown): Citation {
  const fields = isFields(value) ? value : {};
  const type = textOf(fields, 'type') ?? '';
  return {
    kind: type === 'url_citation' ? 'url' : type.includes('file') ? 'file' : 'other',
    url: textOf(fields, 'url'),
    title: textOf(fields, 'title') ?? textOf(fields, 'filename'),
    fileId: textOf(fields, 'file_id'),
    start: numberOf(fields, 'start_index'),
    end: numberOf(fields, 'end_index'),
    extensions: restOf(fields, ANNOTATION, FORMAT),
    raw: { format: FORMAT, value: fields },
  };
}

function decodeImage(value: JsonFields): ImagePart | null {
  const url = textOf(value, 'image_url');
  const fileId = textOf(value, 'file_id');
  const source: MediaSource | null =
    url !== undefined ? sourceOfUrl(url) : fileId === undefined ? null : { kind: 'file-id', fileId };
  if (source === null) return null;
  const table = url === undefined ? IMAGE_PART : WITHOUT_ID;
  return { type: 'image', source, detail: textOf(value, 'detail'), ...kept(value, table) };
}

/** A part that has its bytes or their URL beside an id keeps the id as it is. */
const WITHOUT_ID = shape({ type: 1, image_url: 1, detail: 1 });

function decodeFile(value: JsonFields): FilePart | null {
  const found = fileSource(value);
  if (found === null) return null;
  const [source, field, words] = found;
  const table = shape({ type: 1, filename: 1, [field]: 1 });
  return {
    type: 'file',
    source,
    filename: textOf(value, 'filename'),
    ...kept(value, field === 'file_id' ? FILE_PART : table),
    form: formText(words),
  };
}

function fileSource(value: JsonFields): readonly [source: MediaSource, field: string, words: FormWords] | null {
  const data = textOf(value, 'file_data');
  const url = textOf(value, 'file_url');
  const fileId = textOf(value, 'file_id');
  if (data !== undefined) {
    const bare = !data.startsWith('data:');
    return [bare ? { kind: 'data', data } : sourceOfUrl(data), 'file_data', { base64: bare ? true : undefined }];
  }
  if (url !== undefined) return [sourceOfUrl(url), 'file_url', { url: true }];
  return fileId === undefined ? null : [{ kind: 'file-id', fileId }, 'file_id', {}];
}

function decodeAudio(value: JsonFields): AudioPart | null {
  const inner = objectOf(value, 'input_audio') ?? {};
  const data = textOf(inner, 'data');
  if (data === undefined) return null;
  const format = textOf(inner, 'format');
  return {
    type: 'audio',
    source: { kind: 'data', data, mediaType: format === undefined ? undefined : `audio/${format}` },
    extensions: withInner(restOf(value, AUDIO_PART, FORMAT), FORMAT, 'input_audio', restOf(inner, INPUT_AUDIO, FORMAT)),
  };
}
