import type { LossReport, MediaSource } from '../../protocol/index.js';

type MediaKind = 'image' | 'audio' | 'video' | 'file';

/** Media types the API reads, by the ending of a file's name. */
const BY_ENDING: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  heic: 'image/heic',
  heif: 'image/heif',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  aac: 'audio/aac',
  m4a: 'audio/m4a',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/md',
  html: 'text/html',
  csv: 'text/csv',
  json: 'application/json',
};

const GUESSED: Readonly<Record<MediaKind, string>> = {
  image: 'image/jpeg',
  audio: 'audio/wav',
  video: 'video/mp4',
  file: 'application/pdf',
};

/** The media type, which the API wants always; where nobody says and the URL does not show it, the usual one of its kind. */
export function mediaTypeOf(source: MediaSource, kind: MediaKind, report: LossReport, path: string): string {
  if (source.mediaType !== undefined) return source.mediaType;
  if (source.kind === 'text') return 'text/plain';
  const [, ending = ''] = source.kind === 'url' ? (/\.([a-z0-9]{2,4})(?:[?#]|$)/i.exec(source.url) ?? []) : [];
  const known = ending.toLowerCase();
  if (Object.hasOwn(BY_ENDING, known)) return BY_ENDING[known]!;
  report.add(`${path}.source.mediaType`, `not told; sent as ${GUESSED[kind]}`);
  return GUESSED[kind];
}
