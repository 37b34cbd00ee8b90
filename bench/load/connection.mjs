/** One HTTP/1.1 keep-alive connection on node:net: as little work as a client can do that still reads every byte. */
import net from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LF = 10;
/** One for all connections: what is read is copied or used before the next read. */
const READ_BUFFER = Buffer.allocUnsafe(64 * 1024);

export function requestBytes({ path, headers, key, body }) {
  const lines = [`POST ${path} HTTP/1.1`, 'host: 127.0.0.1', `authorization: Bearer ${key}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  lines.push(`content-length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/**
 * `onData(bytes)` for each read of the body (views of a buffer that is used again), `onEnd({status, text, reads})` when an
 * answer is whole, `onBroken(why)` when the connection ended in the middle of one.
 */
export class Connection {
  constructor(port, { onFirst = () => {}, onEnd, onBroken }) {
    this.onFirst = onFirst;
    this.onEnd = onEnd;
    this.onBroken = onBroken;
    this.busy = false;
    this.reset();
    this.socket = net.connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (length, buffer) => this.read(buffer.subarray(0, length)) },
    });
    this.socket.on('error', (error) => this.broke(error.message));
    this.socket.on('close', () => this.broke('the connection was closed'));
  }

  reset() {
    this.head = null;
    this.early = null;
    this.left = 0;
    this.chunked = false;
    this.line = '';
    this.state = 'size';
    this.body = [];
    this.reads = 0;
  }

  send(bytes) {
    this.busy = true;
    this.socket.write(bytes);
  }

  close() {
    this.busy = false;
    this.socket.destroy();
  }

  broke(why) {
    if (!this.busy) return;
    this.busy = false;
    this.onBroken(why);
  }

  read(bytes) {
    if (!this.busy) return true;
    if (this.head === null) return this.readHead(bytes);
    this.reads += 1;
    if (this.chunked) this.readChunks(bytes, 0);
    else this.readCounted(bytes);
    return true;
  }

  readHead(bytes) {
    const data = this.early === null ? bytes : Buffer.concat([this.early, bytes]);
    const end = data.indexOf(HEAD_END);
    if (end === -1) {
      this.early = Buffer.from(data);
      return true;
    }
    this.head = data.latin1Slice(0, end + 2);
    this.chunked = /\r\ntransfer-encoding: *chunked/i.test(this.head);
    this.left = this.chunked ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(this.head)?.[1] ?? 0);
    if (data.length > end + 4) this.read(data.subarray(end + 4));
    else if (!this.chunked && this.left === 0) this.finish();
    return true;
  }

  keep(bytes) {
    if (this.body.length === 0) this.onFirst();
    this.body.push(Buffer.from(bytes));
  }

  readCounted(bytes) {
    this.keep(bytes);
    this.left -= bytes.length;
    if (this.left <= 0) this.finish();
  }

  /** Chunked framing: size line, data, CRLF, …, a size of 0, and a last empty line (trailers are skipped). */
  readChunks(bytes, from) {
    let at = from;
    while (at < bytes.length) {
      if (this.state === 'data') {
        const end = Math.min(bytes.length, at + this.left);
        this.keep(bytes.subarray(at, end));
        this.left -= end - at;
        at = end;
        if (this.left === 0) this.state = 'after';
        continue;
      }
      const lineEnd = bytes.indexOf(LF, at);
      if (lineEnd === -1) {
        this.line += bytes.latin1Slice(at);
        return;
      }
      const line = (this.line + bytes.latin1Slice(at, lineEnd)).trim();
      this.line = '';
      at = lineEnd + 1;
      if (this.endOfLine(line)) return;
    }
  }

  endOfLine(line) {
    if (this.state === 'after') this.state = 'size';
    else if (this.state === 'trailer') {
      if (line !== '') return false;
      this.finish();
      return true;
    } else {
      this.left = Number.parseInt(line, 16);
      this.state = this.left === 0 ? 'trailer' : 'data';
      if (Number.isNaN(this.left)) {
        this.broke(`bad chunk size "${line.slice(0, 40)}"`);
        this.socket.destroy();
        return true;
      }
    }
    return false;
  }

  finish() {
    const answer = {
      status: Number(this.head.slice(9, 12)),
      text: Buffer.concat(this.body).toString(),
      reads: this.reads,
    };
    this.busy = false;
    this.reset();
    this.onEnd(answer);
  }
}
