/** Where Redis is, as one URL says it. */
export interface RedisAddress {
  readonly mode: 'standalone' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  readonly nodes: readonly { host: string; port: number }[];
  /** Sentinel: the name of the master. */
  readonly master: string | null;
  readonly username: string | null;
  readonly password: string | null;
  readonly db: number;
}

const SCHEME = /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^?#]*))?$/i;

/**
 * `redis://user:password@host:6379/0`, `rediss://…` for TLS, `redis+cluster://host:6379,host:6379` and
 * `redis+sentinel://:password@host:26379,host:26379/<master>/0`.
 * @throws Error without the URL in its message, which may hold a password.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const match = SCHEME.exec(url.trim());
  if (match === null)
    throw new Error('REDIS_URL is not a Redis URL (redis://, rediss://, redis+sentinel://, redis+cluster://)');
  const [, scheme = '', kind, credentials = '', hosts = '', path = ''] = match;
  const mode = kind === undefined ? 'standalone' : (kind.toLowerCase() as 'sentinel' | 'cluster');
  const parts = path.split('/').filter((part) => part !== '');
  const master = mode === 'sentinel' ? (parts.shift() ?? 'mymaster') : null;
  return {
    mode,
    tls: scheme.toLowerCase() === 'rediss',
    nodes: hosts.split(',').map((host) => parseNode(host, mode === 'sentinel' ? 26_379 : 6_379)),
    master,
    ...parseCredentials(credentials),
    db: parseDatabase(parts[0]),
  };
}

/** The address as it may be logged. */
export function describeRedis({ mode, tls, nodes, master }: RedisAddress): string {
  const hosts = nodes.map(({ host, port }) => `${host}:${port}`).join(',');
  return `${mode}${tls ? ' with TLS' : ''} at ${hosts}${master === null ? '' : ` (${master})`}`;
}

function parseNode(text: string, fallbackPort: number): { host: string; port: number } {
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text);
  const port = Number(match?.[2] ?? fallbackPort);
  if (match === null || port < 1 || port > 65_535) throw new Error('REDIS_URL names a host or a port that cannot be');
  return { host: (match[1] as string).replace(/^\[|\]$/g, ''), port };
}

function parseCredentials(text: string): Pick<RedisAddress, 'username' | 'password'> {
  const colon = text.indexOf(':');
  if (colon < 0) return { username: decode(text), password: null };
  return { username: decode(text.slice(0, colon)), password: decode(text.slice(colon + 1)) };
}

function parseDatabase(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,4}$/.test(text)) throw new Error('REDIS_URL names a database that is not a number');
  return Number(text);
}

function decode(text: string): string | null {
  return text === '' ? null : decodeURIComponent(text);
}
