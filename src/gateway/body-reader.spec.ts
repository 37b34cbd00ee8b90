import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BodyReader } from './body-reader.js';

const readerOf = (maxHeldBytes: number): BodyReader =>
  new BodyReader(maxHeldBytes, ({ headers }) => headers['x-stranger'] === undefined);

describe('BodyReader', () => {
  const begin = (reader: BodyReader, maxBytes = 100, headers: Record<string, string> = {}) => {
    const payload = new PassThrough();
    const answer = new EventEmitter();
    const request = { method: 'POST', headers, bodyTally: null } as unknown as FastifyRequest;
    const refusal = reader.expect(request, { raw: answer } as unknown as FastifyReply, maxBytes);
    let read: () => void = () => undefined;
    const result = new Promise<string>((resolve) => {
      read = () =>
        reader.read(request, payload as unknown as IncomingMessage, (error, body) =>
          resolve(error === null ? String(body) : (error as Error & { code: string }).code),
        );
    });
    read();
    return { payload, answer, refusal, result };
  };

  it('puts the pieces of a body together', async () => {
    const { payload, result } = begin(readerOf(1000));
    payload.write('{"a":');
    payload.end('1}');
    expect(await result).toBe('{"a":1}');
  });

  it('refuses what announces too much before it comes, and what is too much when it does', async () => {
    const announced = begin(readerOf(1000), 100, { 'content-length': '101' });
    expect(announced.refusal).toMatchObject({ status: 413 });
    const { payload, result } = begin(readerOf(1000));
    payload.write('x'.repeat(101));
    expect(await result).toBe('request_too_large');
  });

  it('counts what has come of all bodies together until their answers are closed', async () => {
    const reader = readerOf(100);
    const first = begin(reader, 100, { 'content-length': '100' });
    const second = begin(reader);
    second.payload.end('y'.repeat(60));
    expect(await second.result).toHaveLength(60);
    first.payload.write('x'.repeat(41));
    expect(await first.result).toBe('service_unavailable');
    first.answer.emit('close');
    const third = begin(reader);
    third.payload.end('z'.repeat(40));
    expect(await third.result).toHaveLength(40);
    second.answer.emit('close');
    third.answer.emit('close');
    const last = begin(reader);
    last.payload.end('w'.repeat(100));
    expect(await last.result).toHaveLength(100);
  });

  it('keeps half of the memory free of what strangers send', async () => {
    const reader = readerOf(100);
    const stranger = begin(reader, 100, { 'x-stranger': 'yes' });
    stranger.payload.write('x'.repeat(51));
    expect(await stranger.result).toBe('service_unavailable');
    const caller = begin(reader);
    caller.payload.end('y'.repeat(49));
    expect(await caller.result).toHaveLength(49);
    caller.answer.emit('close');
    stranger.answer.emit('close');
    const small = begin(reader, 100, { 'x-stranger': 'yes' });
    small.payload.end('z'.repeat(50));
    expect(await small.result).toHaveLength(50);
  });

  it('passes on that a caller left', async () => {
    const { payload, result } = begin(readerOf(1000));
    payload.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
    expect(await result).toBe('ECONNRESET');
  });
});
