import type { IncomingMessage } from 'node:http';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../../libs/protocol/index.js';
import type { Config } from '../config/config.js';
import { credentialOf } from '../auth/credential.js';
import { exchangeOf, openExchange } from '../exchange/exchange-opening.js';
import { Exchanges } from '../exchange/exchanges.service.js';
import { KeyDirectory } from '../tenancy/key-directory.service.js';
import { BodyReader } from './body-reader.js';
import { ROUTE_CONSTRAINTS } from './gemini-path.js';
import { answerBadUrl, answerBrokenRequest, answerExpectation } from './broken-request.js';

/** Bytes of all request headers together; a flood beyond it is a 431. */
const MAX_HEADER_BYTES = 32_768;
const MAX_HEADERS = 200;
/** Settings are parsed before anybody has proved who they are. */
const MAX_SETTINGS_BYTES = 1_048_576;
/** All of them at once. */
const MAX_SETTINGS_BUFFERED_BYTES = 67_108_864;
/** How often requests that take too long are looked for. */
const REQUEST_CHECK_MS = 1000;

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
    routerOptions: { constraints: ROUTE_CONSTRAINTS },
    forceCloseConnections: 'idle',
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: Math.min(server.bodyTimeoutMs, 30_000),
      connectionsCheckingInterval: Math.min(server.bodyTimeoutMs, REQUEST_CHECK_MS),
      // Node's own refusal has no body; the hook below has one.
      requireHostHeader: false,
    },
    frameworkErrors: answerBadUrl,
    clientErrorHandler: answerBrokenRequest,
  });
  return adapter;
}

/** Opens the exchange of every call to the client API and takes its body as bytes; the admin API gets parsed JSON. */
export function installExchanges(app: NestFastifyApplication, config: Config): void {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const exchanges = app.get(Exchanges);
  const keys = app.get(KeyDirectory);
  const { maxBufferedBytes } = config.server;
  const callBodies = new BodyReader(maxBufferedBytes, (request) => isKnownCaller(request, keys));
  // Of their own: neither can calls crowd out administrators, nor what is sent to the admin API the calls.
  const settingsBodies = new BodyReader(MAX_SETTINGS_BUFFERED_BYTES, () => true);
  fastify.server.maxHeadersCount = MAX_HEADERS;
  fastify.server.on('checkExpectation', answerExpectation);
  fastify.decorateRequest('exchange', null);
  fastify.decorateRequest('call', null);
  fastify.decorateRequest('bodyTally', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    if (isClientApi(request)) {
      const exchange = openExchange(request, reply.raw, (closed) => exchanges.close(closed, reply.raw));
      exchanges.opened(exchange);
      void reply.header('x-request-id', exchange.requestId);
    }
    if (exchanges.draining) void reply.header('connection', 'close');
    const refusal = hostRefusal(request);
    if (isCall(request)) done(refusal ?? callBodies.expect(request, reply, config.server.maxBodyBytes));
    else done(refusal ?? settingsBodies.expect(request, reply, MAX_SETTINGS_BYTES));
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', (request: FastifyRequest, payload: IncomingMessage, done) => {
    if (isCall(request)) callBodies.read(request, payload, done);
    else
      settingsBodies.read(request, payload, (error, body) => {
        if (error !== null || body === undefined) done(error);
        else parseSettings(body, done);
      });
  });
}

/** OpenAI's and Anthropic's, Google's, Cohere's and Ollama's. */
const CLIENT_API = /^\/(?:v1(?!\/admin\/)|v1beta|v2|api)\//;

/** The route decides, not the spelling of the path: `/%761/…` and `http://host/v1/…` are the same. */
function isClientApi(request: FastifyRequest): boolean {
  return CLIENT_API.test(request.routeOptions.url ?? request.url);
}

const NO_CALL = /^\/(?:v1\/keys\/|api\/show)/;

/** Calls take their bodies as bytes; the admin API, self-service and questions about models take settings. */
function isCall(request: FastifyRequest): boolean {
  return isClientApi(request) && !NO_CALL.test(request.routeOptions.url ?? request.url);
}

function isKnownCaller(request: FastifyRequest, keys: KeyDirectory): boolean {
  const secret = credentialOf(request, exchangeOf(request).dialect);
  return secret !== null && keys.isKnown(secret);
}

function hostRefusal({ headers, raw }: FastifyRequest): GatewayError | undefined {
  if (headers.host !== undefined || raw.httpVersion === '1.0') return undefined;
  return new GatewayError('invalid_request', 'The header "host" is missing.');
}

function parseSettings(body: Buffer, done: (error: Error | null, body?: unknown) => void): void {
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
