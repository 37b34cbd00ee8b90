import type {
  AudioPart,
  Extensions,
  FilePart,
  ImagePart,
  JsonFields,
  MediaSource,
  Part,
  VideoPart,
} from '../../protocol/index.js';
import {
  booleanOf,
  LIST,
  listOf,
  objectOf,
  restOf,
  type Shape,
  shape,
  OBJECT,
  STRING,
  textOf,
  withInner,
} from '../fields.js';
import { type MediaKind, mediaTypeOf } from './media-formats.js';
import { CITABLE, DOCUMENT, FORMAT, GUARDED_TEXT, MEDIA, S3_LOCATION, SEARCH_RESULT } from './shapes.js';

/** What a member of a block says, its unknown fields not yet under its name. */
export type Decoder = (value: JsonFields, decodeParts: (blocks: readonly unknown[]) => Part[]) => Part | null;

interface DecodedSource {
  readonly source: MediaSource;
  readonly rest: Extensions | undefined;
}

const BYTES = shape({ bytes: STRING });
const S3 = shape({ s3Location: OBJECT });
const TEXT = shape({ text: STRING });
const CONTENT = shape({ content: LIST });

/** Bytes, an object in S3, text, or parts of text; `null` for what is none of them. */
function decodeSource(
  source: JsonFields,
  mediaType: string | undefined,
  decodeParts: (blocks: readonly unknown[]) => Part[],
): DecodedSource | null {
  const data = textOf(source, 'bytes');
  if (data !== undefined) return { source: { kind: 'data', data, mediaType }, rest: restOf(source, BYTES, FORMAT) };
  const text = textOf(source, 'text');
  if (text !== undefined) return { source: { kind: 'text', text, mediaType }, rest: restOf(source, TEXT, FORMAT) };
  const content = listOf(source, 'content');
  if (content !== undefined) {
    const parts = decodeParts(content);
    return { source: { kind: 'parts', parts, mediaType }, rest: restOf(source, CONTENT, FORMAT) };
  }
  const location = objectOf(source, 's3Location') ?? {};
  const url = textOf(location, 'uri');
  if (url === undefined) return null;
  const rest = withInner(restOf(source, S3, FORMAT), FORMAT, 's3Location', restOf(location, S3_LOCATION, FORMAT));
  return { source: { kind: 'url', url, mediaType }, rest };
}

interface DecodedMedia {
  readonly source: MediaSource;
  readonly extensions: Extensions | undefined;
  /** The word for the type, written again as it was. */
  readonly form: string | undefined;
}

function decodeMedia(
  value: JsonFields,
  kind: MediaKind,
  table: Shape,
  decodeParts: (blocks: readonly unknown[]) => Part[],
): DecodedMedia | null {
  const format = textOf(value, 'format');
  const inner = objectOf(value, 'source');
  const decoded = inner === undefined ? null : decodeSource(inner, mediaTypeOf(kind, format), decodeParts);
  if (decoded === null) return null;
  const extensions = withInner(restOf(value, table, FORMAT), FORMAT, 'source', decoded.rest);
  return { source: decoded.source, extensions, form: format };
}

export const decodeImage: Decoder = (value, decodeParts) => {
  const media = decodeMedia(value, 'image', MEDIA, decodeParts);
  return media === null ? null : ({ type: 'image', ...media } satisfies ImagePart);
};

export const decodeVideo: Decoder = (value, decodeParts) => {
  const media = decodeMedia(value, 'video', MEDIA, decodeParts);
  return media === null ? null : ({ type: 'video', ...media } satisfies VideoPart);
};

export const decodeAudio: Decoder = (value, decodeParts) => {
  const media = decodeMedia(value, 'audio', MEDIA, decodeParts);
  return media === null ? null : ({ type: 'audio', ...media } satisfies AudioPart);
};

export const decodeDocument: Decoder = (value, decodeParts) => {
  const media = decodeMedia(value, 'document', DOCUMENT, decodeParts);
  if (media === null) return null;
  return {
    type: 'file',
    ...media,
    title: textOf(value, 'name'),
    context: textOf(value, 'context'),
    ...citableOf(value, media.extensions),
  } satisfies FilePart;
};

/** Whether it should be cited, and the extensions with what else is said of that. */
function citableOf(value: JsonFields, extensions: Extensions | undefined): Pick<FilePart, 'citable' | 'extensions'> {
  const citations = objectOf(value, 'citations');
  if (citations === undefined) return { extensions };
  return {
    citable: booleanOf(citations, 'enabled') ?? false,
    extensions: withInner(extensions, FORMAT, 'citations', restOf(citations, CITABLE, FORMAT)),
  };
}

/** Something found by the caller: a document made of texts. Where it was found only this format tells. */
export const decodeSearchResult: Decoder = (value, decodeParts) => {
  const content = listOf(value, 'content');
  if (content === undefined) return null;
  return {
    type: 'file',
    source: { kind: 'parts', parts: decodeParts(content) },
    title: textOf(value, 'title'),
    ...citableOf(value, restOf(value, SEARCH_RESULT, FORMAT)),
    form: 'searchResult',
  } satisfies FilePart;
};

const GUARDED = shape({ text: OBJECT });
const GUARDED_IMAGE = shape({ image: OBJECT });

/** A text or an image that the guardrail is to look at. */
export const decodeGuarded: Decoder = (value, decodeParts) => {
  const inner = objectOf(value, 'text');
  const text = inner === undefined ? undefined : textOf(inner, 'text');
  if (inner !== undefined && text !== undefined) {
    const extensions = withInner(restOf(value, GUARDED, FORMAT), FORMAT, 'text', restOf(inner, GUARDED_TEXT, FORMAT));
    return { type: 'text', text, extensions, form: 'guardContent' };
  }
  const image = objectOf(value, 'image');
  const part = image === undefined ? null : decodeImage(image, decodeParts);
  if (part === null) return null;
  const extensions = withInner(restOf(value, GUARDED_IMAGE, FORMAT), FORMAT, 'image', part.extensions);
  return { ...part, extensions, form: `guardContent ${part.form ?? ''}` };
};
