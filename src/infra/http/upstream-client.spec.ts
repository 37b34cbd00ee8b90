import { loadConfig } from '../../config/load-config.js';
import { TimeWatch } from './time-watch.js';
import { UpstreamClient } from './upstream-client.js';

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
    const [failure, message] = await new Promise<[string, string]>((resolve) => {
      const fail = (): void => resolve(['an answer', '']);
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
            onSent: fail,
            onHead: fail,
            onData: fail,
            onEnd: fail,
            onCrash: fail,
            onFailure: (kind, error) => resolve([kind, error.message]),
          },
        )
        .start();
    });
    await client.onApplicationShutdown();
    expect(failure).toBe('unreachable');
    expect(message).toContain('link-local, metadata');
    expect(Date.now() - started).toBeLessThan(1000);
  });
});
