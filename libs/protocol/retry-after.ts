import type { JsonFields } from './format.js';

/** Lower-case names. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Longer waits than this are cut: a vendor's clock or arithmetic may be wrong. */
const MAX_WAIT_MS = 3_600_000;
const GOOGLE_RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';
/** Epoch numbers above this are milliseconds, below it seconds. */
const EPOCH_MS_FROM = 100_000_000_000;
/** Smaller numbers are seconds from now, not a point in time. */
const EPOCH_SECONDS_FROM = 1_000_000_000;

/**
 * How long a vendor asks to wait, milliseconds from `nowMs`, at most an hour; `null`: it does not say. In this order:
 * `retry-after-ms`, `retry-after` (seconds or an HTTP date), Google's RetryInfo, the resets of counters that are used up
 * (`x-ratelimit-reset-requests` of OpenAI, Azure, Groq; `anthropic-ratelimit-*-reset`; `x-ratelimit-reset` of OpenRouter),
 * and what the message says.
 */
export function retryAfterMs(
  { headers, details, message }: { headers: AnswerHeaders; details?: unknown; message?: string | null },
  nowMs: number,
): number | null {
  const wait =
    milliseconds(text(headers, 'retry-after-ms')) ??
    secondsOrDate(text(headers, 'retry-after'), nowMs) ??
    fromRetryInfo(details) ??
    fromResets(headers, nowMs) ??
    fromMessage(message);
  return wait === null ? null : Math.min(Math.max(Math.ceil(wait), 0), MAX_WAIT_MS);
}

function text(headers: AnswerHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function milliseconds(value: string | null): number | null {
  return value !== null && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : null;
}

function secondsOrDate(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const seconds = milliseconds(value);
  if (seconds !== null) return seconds * 1000;
  return untilDate(value, nowMs);
}

/** A date in the past is no wait at all. */
function untilDate(value: string, nowMs: number): number | null {
  // Every date in use has a letter in it; `Date.parse` takes numbers for years.
  if (!/[a-z]/i.test(value)) return null;
  const wait = Date.parse(value) - nowMs;
  return Number.isFinite(wait) ? Math.max(wait, 0) : null;
}

/** `{"@type": ".../google.rpc.RetryInfo", "retryDelay": "27.5s"}` among `error.details`. */
function fromRetryInfo(details: unknown): number | null {
  if (!Array.isArray(details)) return null;
  for (const detail of details as (JsonFields | null)[]) {
    if (detail?.['@type'] !== GOOGLE_RETRY_INFO) continue;
    const delay = detail['retryDelay'];
    if (typeof delay === 'string') return duration(delay);
  }
  return null;
}

const COUNTERS = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
] as const;

/** The counter that is used up says when; where none is, the last of those with a reset: one call needs more than it has left. */
function fromResets(headers: AnswerHeaders, nowMs: number): number | null {
  let usedUp: number | null = null;
  let any: number | null = null;
  for (const [remaining, reset] of COUNTERS) {
    const wait = untilReset(text(headers, reset), nowMs);
    if (wait === null) continue;
    any = Math.max(any ?? 0, wait);
    if (text(headers, remaining) === '0') usedUp = Math.max(usedUp ?? 0, wait);
  }
  return usedUp ?? any;
}

/** A duration (`6m0s`), a point in time (RFC 3339, epoch in seconds or milliseconds) or seconds from now. */
function untilReset(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const number = milliseconds(value);
  if (number === null) return duration(value) ?? untilDate(value, nowMs);
  if (number >= EPOCH_MS_FROM) return Math.max(number - nowMs, 0);
  return number >= EPOCH_SECONDS_FROM ? Math.max(number * 1000 - nowMs, 0) : number * 1000;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `120ms`, `2.674s`, `15m50.4s`, `1h2m3s`. */
function duration(value: string): number | null {
  if (value.length > 40 || !/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(value)) return null;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  }
  return total;
}

/** OpenAI "Please try again in 1.5s", Azure "Please retry after 26 seconds", Gemini "Please retry in 27.5s". */
const ASKS = /(?:try again|retry) (?:in|after) (\d{1,9}(?:\.\d{1,9})?) ?(ms|milliseconds?|s|seconds?|m|minutes?)\b/i;

function fromMessage(message: string | null | undefined): number | null {
  const found = typeof message === 'string' ? ASKS.exec(message.slice(0, 4096)) : null;
  if (found === null) return null;
  const unit = found[2]?.toLowerCase() ?? '';
  const perUnit = unit.startsWith('ms') || unit.startsWith('milli') ? 1 : unit.startsWith('s') ? 1000 : 60_000;
  return Number(found[1]) * perUnit;
}
