import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../libs/protocol/index.js';

/** What has come of one body so far. */
interface BodyTally {
  bytes: number;
  readonly maxBytes: number;
  /** Whether its sender is known to be let in; `null`: nobody has asked yet. */
  known: boolean | null;
}

/** The part of the memory for bodies that strangers can occupy: keys are checked behind the body. */
const STRANGERS_SHARE = 0.5;

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by BodyReader; `null` where no body is expected. */
    bodyTally: BodyTally | null;
  }
}

type Done = (error: Error | null, body?: Buffer) => void;

/**
 * Reads request bodies: each up to a cap of its own, all that are in memory at once up to a common one. What counts is what
 * has come, not what was announced, so that nobody can occupy memory by promises; and what strangers send never takes the room
 * of known callers.
 */
export class BodyReader {
  private held = 0;

  /** @param isKnown asked only while much is held, about the sender of a body */
  constructor(
    private readonly maxHeldBytes: number,
    private readonly isKnown: (request: FastifyRequest) => boolean,
  ) {}

  /** Expects a body, whose memory counts until the answer is closed. Refuses at once one that announces too much. */
  expect(request: FastifyRequest, reply: FastifyReply, maxBytes: number): GatewayError | undefined {
    if (request.method === 'GET' || request.method === 'HEAD') return undefined;
    if (Number(request.headers['content-length']) > maxBytes) return tooLarge(maxBytes);
    const tally = { bytes: 0, maxBytes, known: null };
    request.bodyTally = tally;
    reply.raw.once('close', () => {
      this.held -= tally.bytes;
      tally.bytes = 0;
    });
    return undefined;
  }

  read(request: FastifyRequest, payload: IncomingMessage, done: Done): void {
    const tally = request.bodyTally ?? { bytes: 0, maxBytes: 0, known: false };
    const pieces: Buffer[] = [];
    const settle = (error: Error | null): void => {
      payload.off('data', take).off('end', finish).off('error', settle);
      if (error === null) done(null, Buffer.concat(pieces, tally.bytes));
      else done(error);
    };
    const take = (piece: Buffer): void => {
      tally.bytes += piece.length;
      this.held += piece.length;
      pieces.push(piece);
      if (tally.bytes > tally.maxBytes) settle(tooLarge(tally.maxBytes));
      else if (!this.hasRoom(request, tally)) settle(tooMuchHeld());
    };
    const finish = (): void => settle(null);
    payload.on('data', take).once('end', finish).once('error', settle);
  }

  private hasRoom(request: FastifyRequest, tally: BodyTally): boolean {
    if (this.held <= this.maxHeldBytes * STRANGERS_SHARE) return true;
    tally.known ??= this.isKnown(request);
    return tally.known && this.held <= this.maxHeldBytes;
  }
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('request_too_large', `The request body is larger than ${maxBytes} bytes.`);
}

function tooMuchHeld(): GatewayError {
  const message = 'Too many request bodies are held in memory.';
  return new GatewayError('service_unavailable', message, { retryAfterSeconds: 1 });
}
