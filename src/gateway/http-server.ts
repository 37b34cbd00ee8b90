import type { Socket } from 'node:net';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError, openAiErrorBody } from '../../libs/protocol/index.js';
import type { Config } from '../config/config.js';
import { openExchange } from '../exchange/exchange-opening.js';
import { Exchanges } from '../exchange/exchanges.service.js';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';

/** Bytes of all request headers together; a flood beyond it is a 431. */
const MAX_HEADER_BYTES = 32_768;
const MAX_HEADERS = 200;
/** What a body of unannounced length counts for until it is there. */
const UNANNOUNCED_BYTES = 65_536;

/** The HTTP server under Nest: its bounds, its time-outs and how it answers what never becomes a request. */
export function createHttpAdapter(config: Config): FastifyAdapter {
  const { server } = config;
  const adapter = new FastifyAdapter({
    bodyLimit: server.maxBodyBytes,
    keepAliveTimeout: server.keepAliveMs,
    requestTimeout: server.bodyTimeoutMs,
    connectionTimeout: 0,
    trustProxy: server.trustProxy.length > 0 ? [...server.trustProxy] : false,
    logger: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: Math.min(server.bodyTimeoutMs, 30_000) },
    clientErrorHandler: answerBrokenRequest,
  });
  return adapter;
}

/** Opens the exchange of every call to the client API and takes its body as bytes; the admin API gets parsed JSON. */
export function installExchanges(app: NestFastifyApplication, config: Config): void {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const exchanges = app.get(Exchanges);
  const bodies = new BodyBudget(config.server.maxBufferedBytes);
  fastify.server.maxHeadersCount = MAX_HEADERS;
  fastify.decorateRequest('exchange', null);
  fastify.decorateRequest('chatCall', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    if (isClientApi(request.url)) {
      const exchange = openExchange(request, reply.raw, (closed) => exchanges.close(closed, reply.raw));
      exchanges.opened(exchange);
      void reply.header('x-request-id', exchange.requestId);
    }
    if (exchanges.draining) void reply.header('connection', 'close');
    done(bodies.reserve(request, reply));
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (isClientApi(request.url)) done(null, body);
    else parseAdminBody(body as Buffer, done);
  });
}

function isClientApi(url: string): boolean {
  return url.startsWith('/v1/') && !url.startsWith('/v1/admin/');
}

function parseAdminBody(body: Buffer, done: (error: Error | null, body?: unknown) => void): void {
  try {
    done(null, body.length === 0 ? undefined : JSON.parse(body.toString('utf8'), refuseProto));
  } catch (error) {
    done(
      error instanceof GatewayError
        ? error
        : new GatewayError('invalid_request', 'The request body is not valid JSON.'),
    );
  }
}

function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__')
    throw new GatewayError('invalid_request', 'The field "__proto__" is not allowed.', { param: key });
  return value;
}

/** Request bodies held in memory at once, over all calls. */
class BodyBudget {
  private held = 0;

  constructor(private readonly maxBytes: number) {}

  reserve(request: FastifyRequest, reply: FastifyReply): Error | undefined {
    if (request.method === 'GET' || request.method === 'HEAD') return undefined;
    const announced = Number(request.headers['content-length'] ?? UNANNOUNCED_BYTES);
    const bytes = Number.isFinite(announced) ? announced : UNANNOUNCED_BYTES;
    if (this.held + bytes > this.maxBytes) {
      return new GatewayError('service_unavailable', 'Too many request bodies are held in memory.', {
        retryAfterSeconds: 1,
      });
    }
    this.held += bytes;
    reply.raw.once('close', () => {
      this.held -= bytes;
    });
    return undefined;
  }
}

const BROKEN_REQUESTS: Readonly<Record<string, GatewayError>> = {
  HPE_HEADER_OVERFLOW: new GatewayError('headers_too_large', 'The request headers are too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: new GatewayError('request_timeout', 'The request did not arrive in time.'),
};

/** Answers what the HTTP parser refused, in the envelope of every other error, and closes the connection. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const said =
    BROKEN_REQUESTS[error.code ?? ''] ?? new GatewayError('invalid_request', 'The request is not valid HTTP.');
  const requestId = uuidv7(Date.now());
  const body = JSON.stringify(openAiErrorBody(said, requestId));
  socket.end(
    `HTTP/1.1 ${said.status} ${said.code}\r\ncontent-type: application/json; charset=utf-8\r\nx-request-id: ${requestId}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
