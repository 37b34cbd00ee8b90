import { GatewayError, type ErrorDetails } from '../../../libs/protocol/index.js';
import type { Answer, AnswerHost, AttemptFailure } from './answer.js';

/** Bytes of an error body that are read; more would not be shown to anybody. */
const MAX_ERROR_BYTES = 65_536;
const MAX_MESSAGE_CHARS = 2_000;
/** Statuses by which an upstream refuses the request itself: another target would say the same. */
const CALLERS_FAULT = new Set([400, 404, 405, 406, 409, 411, 413, 414, 415, 422, 451]);

interface UpstreamWords {
  message: string | null;
  type: string | null;
  code: string | null;
  param: string | null;
}

/** An upstream's error status with its body, turned into the caller's envelope. */
export class RefusalAnswer implements Answer {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly host: AnswerHost,
    private readonly status: number,
    private readonly retryAfterSeconds: number | null,
  ) {}

  /** What goes on beyond the bound is not waited for. */
  data(chunk: Buffer): void {
    this.chunks.push(chunk.subarray(0, MAX_ERROR_BYTES - this.bytes));
    this.bytes += chunk.length;
    if (this.bytes >= MAX_ERROR_BYTES) this.end();
  }

  end(): void {
    const said = Buffer.concat(this.chunks).toString('utf8');
    this.host.failed(refusal(this.status, wordsOf(said, this.host.secret), this.retryAfterSeconds));
  }
}

/** An error object that came inside a 200. */
export function errorInside(error: unknown, secret: string | null): AttemptFailure {
  const status = numericCode(error);
  return refusal(status !== null && status >= 400 && status < 600 ? status : 502, wordsFrom(error, secret), null);
}

function refusal(status: number, words: UpstreamWords, retryAfterSeconds: number | null): AttemptFailure {
  const said = words.message ?? `HTTP ${status}`;
  const details: ErrorDetails = { upstreamStatus: status };
  if (retryAfterSeconds !== null) details.retryAfterSeconds = retryAfterSeconds;
  if (CALLERS_FAULT.has(status)) {
    if (words.type !== null) details.type = words.type;
    details.code = words.code ?? `upstream_${status}`;
    if (words.param !== null) details.param = words.param;
    const error = new GatewayError('upstream_refused', said, { ...details, status });
    return { error, retryable: false, blame: 'nobody' };
  }
  const error = new GatewayError('upstream_error', `The upstream answered ${status}: ${said}`, details);
  return { error, retryable: true, blame: status >= 500 ? 'backend' : 'nobody' };
}

function wordsOf(said: string, secret: string | null): UpstreamWords {
  try {
    const body: unknown = JSON.parse(said);
    const inner = Array.isArray(body) ? (body[0] as unknown) : body;
    return wordsFrom((inner as { error?: unknown } | null)?.error ?? inner, secret);
  } catch {
    // An HTML page of some proxy tells a caller nothing; plain words may.
    return wordsFrom(said.includes('<') ? null : said, secret);
  }
}

function wordsFrom(error: unknown, secret: string | null): UpstreamWords {
  if (typeof error === 'string') return { message: clean(error, secret), type: null, code: null, param: null };
  const fields = (error ?? {}) as Record<string, unknown>;
  return {
    message: clean(fields['message'], secret) ?? clean(fields['detail'], secret),
    type: clean(fields['type'], secret),
    code: clean(fields['code'], secret),
    param: clean(fields['param'], secret),
  };
}

/** An upstream's words without our credential, which some repeat; cut only afterwards, lest half of it remains. */
function clean(value: unknown, secret: string | null): string | null {
  if (typeof value !== 'string' || value.trim() === '') return null;
  const safe = secret === null ? value : value.replaceAll(secret, '[redacted]');
  return safe.slice(0, MAX_MESSAGE_CHARS);
}

function numericCode(error: unknown): number | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' && Number.isInteger(code) ? code : null;
}
