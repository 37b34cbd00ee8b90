import type { ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import { dialectOf } from './dialect.js';
import { Exchange } from './exchange.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on the client API; `null` elsewhere. */
    exchange: Exchange | null;
  }
}

/** What a caller's own request id may look like: visible ASCII without quotes, at most 128 characters. */
const SANE_REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/** The caller's request id if it is sane, else a new one. */
export function requestIdOf(header: string | string[] | undefined, fresh: string): string {
  return typeof header === 'string' && SANE_REQUEST_ID.test(header) ? header : fresh;
}

/**
 * Opens the exchange of a call and hangs its end on the socket: `'close'` fires exactly once however the call ends, also
 * when the caller leaves, which no Fastify hook does.
 */
export function openExchange(
  request: FastifyRequest,
  response: ServerResponse,
  onClose: (exchange: Exchange) => void,
): Exchange {
  const startedAtMs = Date.now();
  const id = uuidv7(startedAtMs);
  const query = request.url.indexOf('?');
  const path = query < 0 ? request.url : request.url.slice(0, query);
  const requestId = requestIdOf(request.headers['x-request-id'], id);
  const exchange = new Exchange({ id, requestId, path, dialect: dialectOf(path), method: request.method, startedAtMs });
  request.exchange = exchange;
  response.once('close', () => onClose(exchange));
  return exchange;
}

/**
 * The request that a guard is asked about. Nest's `switchToHttp` would make an object and three closures for it, and a call passes
 * five guards.
 */
export function requestOf(context: ExecutionContext): FastifyRequest {
  return context.getArgByIndex<FastifyRequest>(0);
}

/** The exchange of a request on the client API. */
export function exchangeOf(request: FastifyRequest): Exchange {
  if (request.exchange === null) throw new Error(`no exchange was opened for ${request.url}`);
  return request.exchange;
}
