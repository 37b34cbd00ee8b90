import { isMarker, marker } from './redaction.js';
import { isSecretHeader } from './secret-names.js';
import { namedMarker } from './secret-patterns.js';
import { sanitiseText } from './sanitise-text.js';
import { sanitiseUrl } from './sanitise-url.js';

const URL_HEADERS = /^(?:location|content-location|referer|http-referer|origin|link|operation-location)$/;
/** Most headers kept; the rest is counted. */
const MAX_HEADERS = 1000;

/**
 * Headers without credentials: names in lower case, values of telling names replaced, all others looked through. Several values
 * of one name are joined by a comma.
 */
export function sanitiseHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string> {
  const kept: [string, string][] = [];
  for (const [given, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const name = sanitiseText(given.toLowerCase());
    const text = typeof value === 'string' ? value : value.join(', ');
    kept.push([name, headerValue(name, text)]);
    if (kept.length === MAX_HEADERS) {
      kept.push([marker('further_headers'), String(Object.keys(headers).length - MAX_HEADERS)]);
      break;
    }
  }
  return Object.fromEntries(kept);
}

function headerValue(name: string, value: string): string {
  if (isSecretHeader(name)) return isMarker(value) ? value : namedMarker(name);
  return URL_HEADERS.test(name) ? sanitiseUrl(value) : sanitiseText(value);
}
