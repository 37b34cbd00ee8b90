import type { MediaSource } from '../protocol/index.js';

const DATA_URL = /^data:([^;,]*)(?:;[^;,]*)*;base64,/i;

/** A URL, or the bytes where it is a `data:` URL in base64. */
export function sourceOfUrl(url: string): MediaSource {
  const head = url.startsWith('data:') ? DATA_URL.exec(url.slice(0, 256)) : null;
  if (head === null) return { kind: 'url', url };
  const mediaType = head[1] === '' ? undefined : head[1];
  return { kind: 'data', data: url.slice(head[0].length), mediaType };
}

/** The URL of a source that has one or can be one; `null` for files and texts. */
export function urlOf(source: MediaSource, fallbackType: string): string | null {
  if (source.kind === 'url') return source.url;
  if (source.kind === 'data') return `data:${source.mediaType ?? fallbackType};base64,${source.data}`;
  return null;
}
