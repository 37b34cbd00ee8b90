import { describeRedis, parseRedisUrl } from './redis-url.js';

describe('a Redis URL', () => {
  it('names one server', () => {
    expect(parseRedisUrl('redis://cache')).toEqual({
      mode: 'standalone',
      tls: false,
      nodes: [{ host: 'cache', port: 6379 }],
      master: null,
      username: null,
      password: null,
      db: 0,
    });
  });

  it('carries TLS, credentials and a database', () => {
    expect(parseRedisUrl('rediss://app:p%40ss:word@cache.example:6380/3')).toMatchObject({
      tls: true,
      nodes: [{ host: 'cache.example', port: 6380 }],
      username: 'app',
      password: 'p@ss:word',
      db: 3,
    });
    expect(parseRedisUrl('redis://:secret@[::1]:7000')).toMatchObject({
      nodes: [{ host: '::1', port: 7000 }],
      username: null,
      password: 'secret',
    });
  });

  it('names the sentinels and their master', () => {
    expect(parseRedisUrl('redis+sentinel://:secret@a:26380,b/house/2')).toMatchObject({
      mode: 'sentinel',
      nodes: [
        { host: 'a', port: 26380 },
        { host: 'b', port: 26379 },
      ],
      master: 'house',
      db: 2,
    });
  });

  it('names the nodes of a cluster', () => {
    expect(parseRedisUrl('rediss+cluster://a:7000,b:7001')).toMatchObject({ mode: 'cluster', tls: true, master: null });
  });

  it.each(['http://cache', 'redis://', 'redis://cache:99999', 'redis://cache/nought', 'cache:6379'])(
    'cannot be %s',
    (url) => {
      expect(() => parseRedisUrl(url)).toThrow('REDIS_URL');
    },
  );

  it('is described, and refused, without its password', () => {
    expect(describeRedis(parseRedisUrl('rediss://app:secret@cache:6380/3'))).toBe('standalone with TLS at cache:6380');
    expect(() => parseRedisUrl('redis://app:secret@cache:6380/x')).toThrow(/^(?!.*secret)/);
  });
});
