import {
  Catch,
  HttpException,
  Logger,
  NotFoundException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, GatewayError, type ErrorKind } from '../../libs/protocol/index.js';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import { dialectOf } from '../exchange/dialect.js';
import type { Exchange } from '../exchange/exchange.js';
import { requestIdOf } from '../exchange/exchange-opening.js';
import { addLimitHeaders } from './limit-headers.js';
import { lingerOnClose } from './broken-request.js';
import { errorHeaders } from './reply-writer.js';

/** Fastify's and Node's own error codes, in the words of the contract. */
const FRAMEWORK_ERRORS: Readonly<Record<string, readonly [ErrorKind, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['request_too_large', 'The request body is too large.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_request', 'The request body is empty.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid_request', 'The request body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_request', 'The request body does not match its content length.'],
  FST_ERR_BAD_URL: ['invalid_request', 'The URL is malformed.'],
  ECONNRESET: ['invalid_request', 'The request was cut off.'],
};

/** What Nest throws, with other words where its own would help nobody. */
const BY_STATUS: Readonly<Record<number, readonly [ErrorKind, string?]>> = {
  400: ['invalid_request'],
  404: ['not_found'],
  405: ['method_not_allowed'],
  408: ['request_timeout'],
  413: ['request_too_large'],
  415: ['unsupported_media_type', 'The request needs the header "content-type: application/json".'],
  431: ['headers_too_large'],
  503: ['service_unavailable'],
};

/** Statuses of requests whose rest is not waited for. */
const CLOSES = new Set([408, 413, 503]);

function setLimitHeaders(reply: FastifyReply, exchange: Exchange): void {
  const headers: string[] = [];
  addLimitHeaders(headers, exchange);
  for (let index = 0; index + 1 < headers.length; index += 2)
    void reply.header(headers[index] ?? '', headers[index + 1]);
}

const pathOf = ({ url }: FastifyRequest): string => url.replace(/\?.*$/s, '');

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A path that does not exist, or does for other methods than the one asked for. The framework's words repeat the whole URL, and a key with it. */
function notRouted(thrown: unknown, { server, url }: FastifyRequest, reply: FastifyReply): GatewayError | null {
  if (!(thrown instanceof NotFoundException)) return null;
  const path = url.replace(/\?.*$/s, '');
  const allowed = METHODS.filter((method) => server.hasRoute({ method, url: path }));
  if (allowed.length === 0) return new GatewayError('not_found', 'There is no such path.');
  void reply.header('allow', allowed.join(', '));
  return new GatewayError('method_not_allowed', `This path takes ${allowed.join(', ')} only.`);
}

/** Turns whatever was thrown into the caller's envelope. What nobody foresaw is logged, and told to the caller without details. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = notRouted(thrown, request, reply) ?? this.toGatewayError(thrown);
    const { exchange } = request;
    const requestId = exchange?.requestId ?? requestIdOf(request.headers['x-request-id'], uuidv7(Date.now()));
    if (exchange !== null) {
      exchange.error = error;
      exchange.status = error.status;
    }
    if (reply.sent || reply.raw.headersSent) return;
    if (!request.raw.complete && CLOSES.has(error.status)) {
      void reply.header('connection', 'close');
      lingerOnClose(request.raw.socket);
    }
    if (exchange !== null) setLimitHeaders(reply, exchange);
    void reply
      .status(error.status)
      .headers(errorHeaders(error, requestId))
      .send(errorBody(error, requestId, dialectOf(pathOf(request))));
  }

  private toGatewayError(thrown: unknown): GatewayError {
    if (thrown instanceof GatewayError) return thrown;
    const code = (thrown as { code?: unknown } | null)?.code;
    const known = typeof code === 'string' ? FRAMEWORK_ERRORS[code] : undefined;
    if (known !== undefined) return new GatewayError(known[0], known[1]);
    const status =
      thrown instanceof HttpException ? thrown.getStatus() : (thrown as { statusCode?: number } | null)?.statusCode;
    const row = BY_STATUS[status ?? 0];
    if (row !== undefined) return new GatewayError(row[0], row[1] ?? (thrown as Error).message);
    this.logger.error(thrown, 'unforeseen error');
    return new GatewayError('internal_error', 'The gateway failed to handle the request.');
  }
}
