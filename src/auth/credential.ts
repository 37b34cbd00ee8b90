import type { IncomingHttpHeaders } from 'node:http';
import type { AnyFormatId } from '../../libs/protocol/index.js';

/** Longer than any key we make; what is longer is refused unread. */
const MAX_CREDENTIAL_CHARS = 512;

const GOOGLE: ReadonlySet<AnyFormatId> = new Set(['gemini-generate-content', 'gemini-embed-content'] as const);

/** Where a caller's secret may stand. */
interface Credentialed {
  readonly headers: IncomingHttpHeaders;
  readonly query: unknown;
}

/**
 * The caller's secret from any of the headers that real clients use; `null` when there is none or it is malformed.
 * @param dialect of the path that was called: Google's clients may send it as `?key=`, which nobody else's do
 */
export function credentialOf({ headers, query }: Credentialed, dialect: AnyFormatId): string | null {
  const secret =
    bearerOf(headers.authorization) ??
    single(headers['x-api-key']) ??
    single(headers['x-goog-api-key']) ??
    single(headers['api-key']) ??
    (GOOGLE.has(dialect) ? single((query as { key?: string | string[] }).key) : null);
  return secret === null || secret === '' || secret.length > MAX_CREDENTIAL_CHARS ? null : secret;
}

function bearerOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (header.length > 7 && header.slice(0, 7).toLowerCase() === 'bearer ') return header.slice(7).trim();
  return null;
}

function single(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}
