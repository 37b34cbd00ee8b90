import {
  type AnswerHeaders,
  classifyProviderError,
  type ErrorDetails,
  GatewayError,
  isRequestsFault,
  type WireError,
  type WireErrorKind,
} from '../../../libs/protocol/index.js';
import type { Answer, AnswerHost, AttemptFailure } from './answer.js';
import { isCompressed } from './compressed.js';

/** Bytes of an error body that are read; more would not be shown to anybody. */
const MAX_ERROR_BYTES = 65_536;
const MAX_MESSAGE_CHARS = 2_000;
/** Statuses by which an upstream refuses the request itself: another target would say the same. */
const CALLERS_FAULT = new Set([400, 404, 405, 406, 409, 411, 413, 414, 415, 422, 451]);
/** What callers of OpenAI's dialect look for where the upstream has no code of its own. */
const CODES: Partial<Record<WireErrorKind, string>> = {
  'context-length': 'context_length_exceeded',
  'content-filter': 'content_filter',
};

/** An upstream's error status with its body, turned into the caller's envelope. */
export class RefusalAnswer implements Answer {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly host: AnswerHost,
    private readonly status: number,
    private readonly headers: AnswerHeaders,
  ) {}

  /** What goes on beyond the bound is not waited for. */
  data(chunk: Buffer): void {
    this.chunks.push(chunk.subarray(0, MAX_ERROR_BYTES - this.bytes));
    this.bytes += chunk.length;
    if (this.bytes >= MAX_ERROR_BYTES) this.end();
  }

  end(): void {
    const { status, headers, host } = this;
    const body = isCompressed(headers) ? null : bodyOf(Buffer.concat(this.chunks).toString('utf8'));
    host.failed(refusalOf(classifyProviderError({ status, headers, body, nowMs: Date.now() }), host.secret));
  }
}

/** An error object that came inside a 200. */
export function errorInside(error: unknown, secret: string | null): AttemptFailure {
  return refusalOf(classifyProviderError({ status: 200, headers: {}, body: error, nowMs: Date.now() }), secret);
}

function bodyOf(said: string): unknown {
  try {
    return JSON.parse(said);
  } catch {
    // An HTML page of some proxy tells a caller nothing; plain words may.
    return said.includes('<') ? null : said;
  }
}

/** A failure at a provider, as the attempt's. */
export function refusalOf(wire: WireError, secret: string | null): AttemptFailure {
  const { kind, status } = wire;
  const said = clean(wire.message, secret) ?? `HTTP ${status}`;
  const details: ErrorDetails = { upstreamStatus: status };
  if (wire.retryAfterMs !== undefined) details.retryAfterSeconds = wire.retryAfterMs / 1000;
  if (isRequestsFault(kind) && (CALLERS_FAULT.has(status) || kind !== 'invalid-request')) {
    return { error: refused(wire, said, { ...details, secret }), retryable: false, blame: 'nobody', fault: kind };
  }
  const error = new GatewayError('upstream_error', `The upstream answered ${status}: ${said}`, details);
  return { error, retryable: true, blame: status >= 500 ? 'backend' : 'nobody', fault: kind };
}

/** The upstream's own words and status. A status that would accuse the caller's key is not passed on. */
function refused(
  wire: WireError,
  said: string,
  { secret, ...details }: ErrorDetails & { secret: string | null },
): GatewayError {
  const status = CALLERS_FAULT.has(wire.status) ? wire.status : 400;
  const type = clean(wire.type, secret);
  const param = clean(wire.param, secret);
  return new GatewayError('upstream_refused', said, {
    ...details,
    ...(type !== null && { type }),
    ...(param !== null && { param }),
    code: clean(wire.code, secret) ?? CODES[wire.kind] ?? `upstream_${wire.status}`,
    status,
  });
}

/** An upstream's words without our credential, which some repeat; cut only afterwards, lest half of it remains. */
function clean(value: string | undefined, secret: string | null): string | null {
  if (value === undefined || value.trim() === '') return null;
  const safe = secret === null || secret === '' ? value : value.replaceAll(secret, '[redacted]');
  return safe.slice(0, MAX_MESSAGE_CHARS);
}
