/**
 * The floor: the least a Node gateway can do. `node:http` in front, undici's `dispatch()` behind, bytes passed as they come;
 * no key, no model, no record. What OmniGate costs above this is what its features cost.
 *
 *   node bench/peers/floor.mjs PORT UPSTREAM_ORIGIN
 */
import http from 'node:http';
import { Pool } from 'undici';

const [port, origin] = process.argv.slice(2);
const pool = new Pool(origin, { connections: 2048, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 });

class Relay {
  constructor(reply) {
    this.reply = reply;
  }

  onRequestStart(controller) {
    this.reply.once('close', () => {
      if (!this.reply.writableFinished) controller.abort(new Error('the caller left'));
    });
  }

  onResponseStart(controller, status, headers) {
    delete headers.connection;
    delete headers['transfer-encoding'];
    this.reply.writeHead(status, headers);
    if (headers['content-length'] === undefined) this.reply.flushHeaders();
  }

  onResponseData(controller, chunk) {
    if (this.reply.write(chunk)) return;
    controller.pause();
    this.reply.once('drain', () => controller.resume());
  }

  onResponseEnd() {
    this.reply.end();
  }

  onResponseError(_controller, error) {
    if (this.reply.headersSent) this.reply.destroy();
    else this.reply.writeHead(502).end(error.message);
  }
}

const server = http.createServer((request, reply) => {
  if (request.url === '/health') return void reply.end('ok');
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    pool.dispatch(
      {
        method: 'POST',
        path: request.url,
        headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
        body: parts.length === 1 ? parts[0] : Buffer.concat(parts),
      },
      new Relay(reply),
    );
  });
});
server.keepAliveTimeout = 72_000;
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
process.on('SIGTERM', () => process.exit(0));
