import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadConfig } from '../../config/load-config.js';
import { TimeWatch } from './time-watch.js';
import { UpstreamClient } from './upstream-client.js';

/** What the listener of one GET heard, in order, and the words of its error. */
const outcome = (client: UpstreamClient, origin: string): Promise<{ heard: string[]; message: string }> =>
  new Promise((resolve) => {
    const heard: string[] = [];
    const end = (what: string, message = ''): void => resolve({ heard: [...heard, what], message });
    client
      .call(
        {
          origin,
          urlFrom: 'administrator',
          path: '/',
          method: 'GET',
          headers: [],
          body: null,
          connectTimeoutMs: 5000,
          firstByteTimeoutMs: 5000,
          idleTimeoutMs: 5000,
        },
        {
          onSent: () => heard.push('sent'),
          onHead: () => heard.push('head'),
          onData: () => heard.push('data'),
          onEnd: () => end('answered'),
          onCrash: () => end('crashed'),
          onFailure: (kind, error) => end(kind, error.message),
        },
      )
      .start();
  });

describe('UpstreamClient', () => {
  it.each([
    'http://169.254.169.254',
    'http://[::ffff:a9fe:a9fe]',
    'http://[fe80::1]',
    'http://0.0.0.0:8080',
    'https://100.100.100.200',
  ])('makes no connection to %s, whoever registered it', async (origin) => {
    const client = new UpstreamClient(loadConfig({}), new TimeWatch());
    const started = Date.now();
    const { heard, message } = await outcome(client, origin);
    await client.onApplicationShutdown();
    expect(heard).toEqual(['unreachable']);
    expect(message).toContain('link-local, metadata');
    expect(Date.now() - started).toBeLessThan(1000);
  });

  it('knows an idle connection that is reset as a request is about to use it from an upstream that is away', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      socket.on('data', () => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = new UpstreamClient(loadConfig({}), new TimeWatch());
    try {
      for (let round = 0; round < 20; round += 1) {
        expect((await outcome(client, origin)).heard).toEqual(['sent', 'head', 'data', 'answered']);
        await nextTurn();
        sockets.pop()?.resetAndDestroy();
        expect(['answered', 'stale']).toContain((await outcome(client, origin)).heard.at(-1));
      }
      server.close();
      for (const socket of sockets) socket.resetAndDestroy();
      await nextTurn();
      await nextTurn();
      expect((await outcome(client, origin)).heard).toEqual(['unreachable']);
    } finally {
      server.close();
      await client.onApplicationShutdown();
    }
  });
});
