/** What the format calls each type, the first word for a type being the one written. */
type Words = Readonly<Record<string, string>>;

const IMAGES: Words = { png: 'image/png', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp' };
const VIDEOS: Words = {
  mp4: 'video/mp4',
  mkv: 'video/x-matroska',
  mov: 'video/quicktime',
  webm: 'video/webm',
  flv: 'video/x-flv',
  mpeg: 'video/mpeg',
  mpg: 'video/mpeg',
  wmv: 'video/x-ms-wmv',
  three_gp: 'video/3gpp',
};
const SOUNDS: Words = {
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  opus: 'audio/opus',
  flac: 'audio/flac',
  aac: 'audio/aac',
  m4a: 'audio/m4a',
  mp4: 'audio/mp4',
  webm: 'audio/webm',
  mka: 'audio/x-matroska',
  pcm: 'audio/pcm',
  mpeg: 'audio/mpeg',
  mpga: 'audio/mpeg',
};
const DOCUMENTS: Words = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  csv: 'text/csv',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

const KINDS = { image: IMAGES, video: VIDEOS, audio: SOUNDS, document: DOCUMENTS } as const;
export type MediaKind = keyof typeof KINDS;

/** Other names of the same types. */
const ALIASES: Words = {
  'image/jpg': 'image/jpeg',
  'audio/mp3': 'audio/mpeg',
  'audio/x-wav': 'audio/wav',
  'audio/wave': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'audio/x-m4a': 'audio/m4a',
  'audio/x-flac': 'audio/flac',
  'audio/x-aac': 'audio/aac',
  'video/3gp': 'video/3gpp',
  'video/mpg': 'video/mpeg',
  'text/x-markdown': 'text/markdown',
  'application/csv': 'text/csv',
};

/** `undefined` for a word nobody knows. */
export function mediaTypeOf(kind: MediaKind, format: string | undefined): string | undefined {
  const words: Words = KINDS[kind];
  return format !== undefined && Object.hasOwn(words, format) ? words[format] : undefined;
}

/** The word for a type; `undefined` where the format has none. */
export function formatOf(kind: MediaKind, mediaType: string | undefined): string | undefined {
  const plain = mediaType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const type = Object.hasOwn(ALIASES, plain) ? ALIASES[plain]! : plain;
  return Object.entries(KINDS[kind]).find(([, known]) => known === type)?.[0];
}

/** The word for a document that says its type only by the end of its name. */
export function formatOfName(filename: string | undefined): string | undefined {
  const end = /\.([a-z]+)$/i.exec(filename ?? '')?.[1]?.toLowerCase();
  if (end === 'htm') return 'html';
  return end !== undefined && Object.hasOwn(DOCUMENTS, end) ? end : undefined;
}

const IMAGE_BEGINNINGS: readonly (readonly [base64: string, format: string])[] = [
  ['iVBORw0K', 'png'],
  ['/9j/', 'jpeg'],
  ['R0lGOD', 'gif'],
  ['UklGR', 'webp'],
];

/** The format of an image by its first bytes. */
export function sniffImage(base64: string): string | undefined {
  return IMAGE_BEGINNINGS.find(([beginning]) => base64.startsWith(beginning))?.[1];
}
