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
    private readonly secret: string | null,
  ) {}

  data(chunk: Buffer): void {
    if (this.bytes < MAX_ERROR_BYTES) this.chunks.push(chunk.subarray(0, MAX_ERROR_BYTES - this.bytes));
    this.bytes += chunk.length;
  }

  end(): void {
    const text = Buffer.concat(this.chunks).toString('utf8');
    this.host.failed(refusal(this.status, wordsOf(text), this.retryAfterSeconds, this.secret));
  }
}

/** An error object that came inside a 200. */
export function errorInside(error: unknown): AttemptFailure {
  const words = wordsFrom(error);
  const status = numericCode(error);
  return refusal(status !== null && status >= 400 && status < 600 ? status : 502, words, null, null);
}

function refusal(
  status: number,
  words: UpstreamWords,
  retryAfterSeconds: number | null,
  secret: string | null,
): AttemptFailure {
  const said = clean(words.message, secret) ?? `HTTP ${status}`;
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

function clean(message: string | null, secret: string | null): string | null {
  if (message === null || message.trim() === '') return null;
  const safe = secret === null ? message : message.replaceAll(secret, '[redacted]');
  return safe.slice(0, MAX_MESSAGE_CHARS);
}

function wordsOf(text: string): UpstreamWords {
  try {
    const body: unknown = JSON.parse(text);
    const inner = Array.isArray(body) ? (body[0] as unknown) : body;
    return wordsFrom((inner as { error?: unknown } | null)?.error ?? inner);
  } catch {
    // An HTML page of some proxy tells a caller nothing; plain words may.
    const plain = text.includes('<') ? null : text.slice(0, MAX_MESSAGE_CHARS);
    return { message: plain, type: null, code: null, param: null };
  }
}

function wordsFrom(error: unknown): UpstreamWords {
  if (typeof error === 'string') return { message: error, type: null, code: null, param: null };
  const fields = (error ?? {}) as Record<string, unknown>;
  return {
    message: text(fields['message']) ?? text(fields['detail']),
    type: text(fields['type']),
    code: text(fields['code']),
    param: text(fields['param']),
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value.length <= MAX_MESSAGE_CHARS * 4 ? value : null;
}

function numericCode(error: unknown): number | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' && Number.isInteger(code) ? code : null;
}
