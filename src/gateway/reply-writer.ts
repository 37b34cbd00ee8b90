import type { ServerResponse } from 'node:http';
import { errorBody, usdText, type GatewayError } from '../../libs/protocol/index.js';
import { encodeSseData } from '../../libs/streaming/index.js';
import type { Exchange } from '../exchange/exchange.js';
import { addLimitHeaders } from './limit-headers.js';

/** Statuses that the same request may survive a moment later. */
const RETRYABLE = new Set([408, 409, 429, 500, 502, 503, 504]);

/** Beyond this size copying costs more than the second write it saves. */
const ONE_WRITE_BYTES = 16_384;

/** The headers of an error answer besides content type and length. */
export function errorHeaders(error: GatewayError, requestId: string): Record<string, string> {
  const headers: Record<string, string> = { 'x-request-id': requestId };
  if (error.retryAfterSeconds !== null) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterSeconds)));
    headers['retry-after-ms'] = String(Math.max(1, Math.ceil(error.retryAfterSeconds * 1000)));
  }
  if (!RETRYABLE.has(error.status)) headers['x-should-retry'] = 'false';
  return headers;
}

/** Writes the headers every answer of the gateway carries, as name, value, name, value… */
function answerHeaders(exchange: Exchange, contentType: string): string[] {
  // Grown by pushing: a list spread into another is copied entry by entry.
  const headers = [
    'content-type',
    contentType,
    'x-request-id',
    exchange.requestId,
    'x-omni-provider',
    exchange.provider ?? 'none',
    'x-omni-model',
    headerSafe(exchange.upstreamModel ?? ''),
    'x-omni-backend',
    exchange.backendId ?? 'none',
    'x-omni-attempts',
    String(exchange.attempts),
    'x-omni-fallback',
    String(exchange.fallback),
    'server-timing',
    serverTiming(exchange),
  ];
  if (exchange.loss !== null) headers.push('x-omni-loss', exchange.loss);
  addLimitHeaders(headers, exchange);
  return headers;
}

/** `auth`, `admit` and `upstream` are each step's own time; `total` is the time until this header was written. All in ms. */
function serverTiming(exchange: Exchange): string {
  const authenticated = exchange.authenticatedMs ?? 0;
  const admitted = exchange.admittedMs ?? authenticated;
  const routed = exchange.routedMs ?? admitted;
  const total = exchange.elapsedMs();
  return (
    `auth;dur=${short(authenticated)}, admit;dur=${short(admitted - authenticated)}, ` +
    `route;dur=${short(routed - admitted)}, upstream;dur=${short(exchange.upstreamMs)}, total;dur=${short(total)}`
  );
}

function short(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** Header values are visible ASCII; a model name need not be. */
function headerSafe(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? value : encodeURIComponent(value.toWellFormed());
}

/** A whole answer that was made here; see `writeWholeAnswer`. */
export function writeTranslatedAnswer(
  response: ServerResponse,
  exchange: Exchange,
  body: Buffer,
  stallMs: number,
): void {
  writeWholeAnswer(response, exchange, body);
  if (response.writableLength > 0) cutWhenStalled(response, stallMs);
}

/** Cuts off a caller who takes nothing of what was written for `stallMs`; however slow, any progress counts. */
export function cutWhenStalled(response: ServerResponse, stallMs: number): void {
  if (response.listenerCount('timeout') === 0) response.once('timeout', () => response.destroy());
  response.setTimeout(stallMs);
}

export function writeWholeAnswer(response: ServerResponse, exchange: Exchange, body: Buffer): void {
  exchange.status = 200;
  exchange.delivered = true;
  const headers = answerHeaders(exchange, 'application/json');
  const { costNanoDollars } = exchange;
  headers.push('x-omni-cost-usd', costNanoDollars === null ? 'unknown' : usdText(costNanoDollars));
  headers.push('content-length', String(body.length));
  response.writeHead(200, headers);
  // A latin1 string carries every byte unchanged, and unlike a buffer it leaves in one write with the headers.
  if (body.length <= ONE_WRITE_BYTES) response.end(body.toString('latin1'), 'latin1');
  else response.end(body);
}

export function writeStreamHead(response: ServerResponse, exchange: Exchange): void {
  exchange.status = 200;
  const isLines = exchange.dialect === 'ollama-chat';
  const headers = answerHeaders(exchange, isLines ? 'application/x-ndjson' : 'text/event-stream; charset=utf-8');
  headers.push('cache-control', 'no-cache', 'x-accel-buffering', 'no');
  response.writeHead(200, headers);
}

/** Ends a stream that went well. */
export function endStream(response: ServerResponse, exchange: Exchange, last: Buffer | null): void {
  exchange.delivered = true;
  if (last === null) response.end();
  else response.end(last);
}

/**
 * Tells the caller what went wrong: as an HTTP error while nothing was sent, else as the dialect's error event, after which
 * the stream ends without `[DONE]`.
 */
export function writeError(response: ServerResponse, exchange: Exchange, error: GatewayError): void {
  exchange.error = error;
  if (response.writableEnded || response.destroyed) return;
  const body = errorBody(error, exchange.requestId, exchange.dialect);
  if (response.headersSent) {
    exchange.broken = true;
    response.end(exchange.errorFrame?.(error) ?? encodeSseData(JSON.stringify(body)));
    return;
  }
  exchange.status = error.status;
  const payload = Buffer.from(JSON.stringify(body));
  response.writeHead(error.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(payload.length),
    ...errorHeaders(error, exchange.requestId),
    ...(exchange.attempts > 0 && {
      'x-omni-attempts': String(exchange.attempts),
      'x-omni-fallback': String(exchange.fallback),
    }),
  });
  response.end(payload);
}
