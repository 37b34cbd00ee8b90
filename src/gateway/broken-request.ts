import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError, openAiErrorBody } from '../../libs/protocol/index.js';
import { requestIdOf } from '../exchange/exchange-opening.js';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';

const BROKEN_REQUESTS: Readonly<Record<string, GatewayError>> = {
  HPE_HEADER_OVERFLOW: new GatewayError('headers_too_large', 'The request headers are too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: new GatewayError('request_timeout', 'The request did not arrive in time.'),
};
const NOT_HTTP = new GatewayError('invalid_request', 'The request is not valid HTTP.');
const BAD_URL = new GatewayError('invalid_request', 'The URL is malformed.');
const BAD_EXPECTATION = new GatewayError('invalid_request', 'The header "expect" asks for what is not offered.', {
  status: 417,
});

/** Connections that are closed as soon as their running answer is complete. */
const closing = new WeakSet<Socket>();

/** How long a refused caller may go on sending into the void. */
const LINGER_MS = 2000;

/**
 * For answers given while the caller still sends: the connection is read on for a moment after the answer, because closing it
 * at once resets it, and many clients then never see what was said.
 */
export function lingerOnClose(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('end', () => socket.destroy()).once('close', () => clearTimeout(timer));
  };
}

/** Answers what the HTTP parser refused, in the envelope of every other error, and closes the connection. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (closing.has(socket)) return;
  const running = runningAnswer(socket);
  if (running !== null) {
    // Garbage behind a whole request must not be answered in that request's place.
    closing.add(socket);
    running.once('finish', () => socket.end());
    return;
  }
  const said = BROKEN_REQUESTS[error.code ?? ''] ?? NOT_HTTP;
  const requestId = uuidv7(Date.now());
  const body = JSON.stringify(openAiErrorBody(said, requestId));
  socket.end(
    `HTTP/1.1 ${said.status} ${said.code}\r\ncontent-type: application/json; charset=utf-8\r\nx-request-id: ${requestId}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

/** The answer under way to an earlier, whole request on the same connection, or one that has begun. */
function runningAnswer(socket: Socket): ServerResponse | null {
  // Node's own handling of broken requests looks there too.
  const answer = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage ?? null;
  return answer !== null && (answer.headersSent || answer.req.complete) ? answer : null;
}

/** A path that no router can read. */
export function answerBadUrl(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const requestId = requestIdOf(request.headers['x-request-id'], uuidv7(Date.now()));
  void reply
    .status(BAD_URL.status)
    .headers({ 'x-request-id': requestId, 'x-should-retry': 'false' })
    .send(openAiErrorBody(BAD_URL, requestId));
}

/** `expect: 100-continue` is met by Node itself; any other expectation ends here. */
export function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  const requestId = requestIdOf(request.headers['x-request-id'], uuidv7(Date.now()));
  const body = JSON.stringify(openAiErrorBody(BAD_EXPECTATION, requestId));
  response.writeHead(BAD_EXPECTATION.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    connection: 'close',
  });
  response.end(body);
}
