import type { JsonFields } from './format.js';
import { KIND_BY_GENERAL_WORD, KIND_BY_WORD, MESSAGE_RULES } from './provider-error-table.js';
import { type AnswerHeaders, retryAfterMs } from './retry-after.js';
import { kindOfStatus, type WireError, wireError, type WireErrorKind } from './wire-error.js';

/** A failed answer of any provider. */
export interface ProviderFailure {
  /** Of the answer; 200 for an error that came inside one. */
  readonly status: number;
  /** Lower-case names. For a frame of an AWS event stream its headers. */
  readonly headers: AnswerHeaders;
  /** The parsed body, or its text where it is no JSON; for an error inside a 200 the object around it, or the error itself. */
  readonly body: unknown;
  /** Milliseconds since 1970, for waits that end at a date. */
  readonly nowMs: number;
}

/** More than is shown to anybody, so that who shows it can take secrets out before cutting. */
const MAX_MESSAGE_CHARS = 8_000;
/** What no other target would answer differently: the request itself is at fault. */
const OF_THE_REQUEST: ReadonlySet<WireErrorKind> = new Set([
  'invalid-request',
  'not-found',
  'too-large',
  'context-length',
  'content-filter',
  'conflict',
]);

/** Whether the request itself is at fault, so that another target would say the same. */
export function isRequestsFault(kind: WireErrorKind): boolean {
  return OF_THE_REQUEST.has(kind);
}

/**
 * What a provider's failure means, whoever it is and whatever its envelope: OpenAI's and its kin's, Anthropic's, Google's,
 * AWS's, Cohere's, Mistral's, Ollama's, FastAPI's, or none. Never throws.
 *
 * Its words decide first (codes, types, exception names), then what some tell in prose only, then the status, and inside a
 * 200 the general words. `retryable` says whether the same request may succeed at the same place later.
 */
export function classifyProviderError(failure: ProviderFailure): WireError {
  const said = readError(failure);
  const status = failure.status >= 300 ? failure.status : (said.status ?? 0);
  const kind = kindOf(said, status);
  const wait = mayWait(kind)
    ? retryAfterMs({ headers: failure.headers, details: said.details, message: said.message }, failure.nowMs)
    : null;
  const message = said.message ?? (status === 0 ? 'The provider reported an error.' : `HTTP ${status}`);
  return wireError(kind, message, {
    // A redirect, or a status that is none, is no status to pass on.
    ...(status >= 400 && status <= 599 && { status }),
    ...(wait !== null && { retryAfterMs: wait }),
    ...retryHint(failure.headers),
    ...vendorsWords(said),
  });
}

function vendorsWords({ code, type, param, requestId }: ErrorWords): Partial<WireError> {
  return {
    ...(code !== null && { code }),
    ...(type !== null && { type }),
    ...(param !== null && { param }),
    ...(requestId !== null && { requestId }),
  };
}

/** OpenAI, Anthropic and Groq say whether their clients should try again. */
function retryHint(headers: AnswerHeaders): { retryable?: boolean } {
  const hint = headers['x-should-retry'];
  return hint === 'true' || hint === 'false' ? { retryable: hint === 'true' } : {};
}

function mayWait(kind: WireErrorKind): boolean {
  return !OF_THE_REQUEST.has(kind) && kind !== 'authentication' && kind !== 'permission';
}

function kindOf(said: ErrorWords, status: number): WireErrorKind {
  const prose = MESSAGE_RULES.find(({ at, says }) => at.includes(status) && says.test(said.prose));
  if (prose !== undefined) return prose.kind;
  for (const word of said.words) {
    const kind = KIND_BY_WORD.get(word);
    if (kind !== undefined) return kind;
  }
  if (status !== 0) return kindOfStatus(status);
  for (const word of said.words) {
    const kind = KIND_BY_GENERAL_WORD.get(word);
    if (kind !== undefined) return kind;
  }
  return 'unknown';
}

/** Everything an error says, wherever its vendor puts it. */
interface ErrorWords {
  message: string | null;
  code: string | null;
  type: string | null;
  param: string | null;
  requestId: string | null;
  /** An HTTP status named inside. */
  status: number | null;
  /** What may stand in the table, most telling first, lower-case. */
  words: string[];
  /** All that is written in sentences. */
  prose: string;
  /** Google's. */
  details: unknown;
}

function readError({ headers, body }: ProviderFailure): ErrorWords {
  // Gemini wraps the errors of streams without SSE in a list.
  const outer = fieldsOf(Array.isArray(body) ? (body as unknown[])[0] : body);
  const error = fieldsOf(outer['error']);
  const inner = Object.keys(error).length > 0 ? error : outer;
  const exception = exceptionOf(headers);
  const message = messageOf(body, outer, inner);
  const nested = [fieldsOf(inner['innererror'])['code'], ...reasonsOf(inner['details'])];
  const tokens = [
    exception,
    ...nested,
    inner['code'],
    inner['type'],
    inner['status'],
    outer['error_type'],
    outer['__type'],
  ];
  return {
    message,
    code: word(inner['code']) ?? word(outer['error_type']) ?? exception,
    type: word(inner['type']) ?? word(inner['status']),
    param: word(inner['param']),
    requestId: word(outer['request_id']),
    status: statusIn(inner) ?? statusIn(outer),
    words: tokens.flatMap((token) => (typeof token === 'string' ? [token.toLowerCase()] : [])),
    prose: [message, rawOf(inner)].filter((text) => text !== null).join('\n'),
    details: inner['details'],
  };
}

function fieldsOf(value: unknown): JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonFields) : {};
}

function word(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}

/** `ThrottlingException:http://internal.amazon.com/…` of AWS answers, `throttlingException` of its stream frames. */
function exceptionOf(headers: AnswerHeaders): string | null {
  const name = headers['x-amzn-errortype'] ?? headers[':exception-type'];
  return typeof name === 'string' ? (name.split(':', 1)[0] ?? null) : null;
}

/** Google says in `details` which of its reasons it was. */
function reasonsOf(details: unknown): unknown[] {
  return Array.isArray(details) ? details.map((detail) => fieldsOf(detail)['reason']) : [];
}

/** Some say their status as a number, in one of these fields. */
function statusIn(error: JsonFields): number | null {
  const named = [error['code'], error['status'], error['status_code'], error['raw_status_code']].map(numberOf);
  return named.find((value) => value >= 400 && value < 600) ?? null;
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number.NaN;
  return typeof value === 'string' && /^[45]\d\d$/.test(value) ? Number(value) : Number.NaN;
}

function messageOf(body: unknown, outer: JsonFields, inner: JsonFields): string | null {
  const said = [
    inner['message'],
    inner['detail'],
    inner['msg'],
    outer['error'],
    outer['message'],
    outer['detail'],
    outer['Message'],
    body,
  ];
  for (const value of said) {
    const text = sentence(value);
    if (text !== null) return text.slice(0, MAX_MESSAGE_CHARS);
  }
  return null;
}

/** FastAPI writes its complaints as a list or an object: shown as it is. */
function sentence(value: unknown): string | null {
  if (typeof value === 'string') return word(value);
  const listed = Array.isArray(value) ? value : fieldsOf(value)['detail'];
  if (!Array.isArray(listed) || listed.length === 0) return null;
  try {
    return JSON.stringify(listed);
  } catch {
    // Nested deeper than the stack is: no complaint anybody could read.
    return null;
  }
}

/** OpenRouter passes on what the vendor behind it said. */
function rawOf(error: JsonFields): string | null {
  const raw = fieldsOf(error['metadata'])['raw'];
  return typeof raw === 'string' ? raw.slice(0, MAX_MESSAGE_CHARS) : null;
}
