import type { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';

const CR = 0x0d;
const LF = 0x0a;

/**
 * Writes the pieces of a streamed answer, each as one chunk of HTTP/1.1's chunked encoding (RFC 9112, 7.1) in one buffer straight
 * to the socket. Node's own `write` makes four writes of a chunk, corked until the next tick: twice the cost of a short event.
 * The head leaves with the first piece, and the end is left to `response.end`.
 */
export class ChunkedWriter {
  private begun = false;

  constructor(private readonly response: ServerResponse) {}

  /** `false`: no more should be written until `drainable` has drained. */
  write(piece: Buffer): boolean {
    const { response } = this;
    const { socket } = response;
    // A pipelined answer has no socket before its turn; HTTP/1.0 knows no chunks.
    if (!this.begun || socket === null || !response.chunkedEncoding) {
      this.begun = true;
      return response.write(piece);
    }
    return socket.write(chunkOf(piece));
  }

  /** What emits `drain` after a write that said `false`. */
  get drainable(): EventEmitter {
    return this.response.socket ?? this.response;
  }
}

function chunkOf(piece: Buffer): Buffer {
  const size = piece.length.toString(16);
  const from = size.length + 2;
  const to = from + piece.length;
  const chunk = Buffer.allocUnsafe(to + 2);
  for (let i = 0; i < size.length; i += 1) chunk[i] = size.charCodeAt(i);
  chunk[from - 2] = CR;
  chunk[from - 1] = LF;
  piece.copy(chunk, from);
  chunk[to] = CR;
  chunk[to + 1] = LF;
  return chunk;
}
