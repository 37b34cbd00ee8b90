import type { ImagePart, MediaSource } from '../../protocol/index.js';
import { sourceOfUrl } from '../media.js';

/** How the base64 of a kind of image begins; the format does not tell the kind. */
const BEGINNINGS: readonly (readonly [beginning: string, mediaType: string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
  ['Qk', 'image/bmp'],
];

/** An image of a message: base64, or a URL as some clients write it. */
export function decodeImage(text: string): ImagePart {
  if (/^(?:data:|https?:\/\/)/i.test(text)) return { type: 'image', source: sourceOfUrl(text), form: 'url' };
  const mediaType = BEGINNINGS.find(([beginning]) => text.startsWith(beginning))?.[1];
  return { type: 'image', source: { kind: 'data', data: text, mediaType } };
}

/** Its base64; `null` for images that are elsewhere. */
export function imageData(source: MediaSource): string | null {
  return source.kind === 'data' ? source.data : null;
}
