import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Pool } from 'undici';
import { Config } from '../../config/config.js';
import { isHostAllowed } from './address-policy.js';
import { guardedConnector } from './guarded-connector.js';
import { TimeWatch } from './time-watch.js';
import { UpstreamCall, type UpstreamLine, type UpstreamListener, type UpstreamRequest } from './upstream-call.js';

/** Origins with a pool at the same time; beyond it the one used longest ago is closed. */
const MAX_POOLS = 2048;

/**
 * Sends requests to upstreams: one connection pool per origin, never a redirect, and every address is checked after name
 * resolution, at the moment of connecting, so that a name cannot be pointed at a forbidden address in between.
 */
@Injectable()
export class UpstreamClient implements OnApplicationShutdown {
  private readonly lines = new Map<string, UpstreamLine & { dispatcher: Pool }>();

  constructor(
    private readonly config: Config,
    readonly watch: TimeWatch,
  ) {}

  /** A request that `start` sends. Its listener then hears exactly one of `onEnd` and `onFailure`, unless `abort` was called. */
  call(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    return new UpstreamCall(request, listener, this.line(request), this.watch);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.lines.values()].map(({ dispatcher }) => dispatcher.destroy()));
  }

  private line({ origin, urlFrom, connectTimeoutMs }: UpstreamRequest): UpstreamLine {
    const key = `${connectTimeoutMs} ${urlFrom} ${origin}`;
    const found = this.lines.get(key);
    if (found !== undefined) return found;
    const dispatcher = new Pool(origin, {
      connections: this.config.upstream.connections,
      pipelining: 1,
      allowH2: false,
      connect: guardedConnector({
        timeoutMs: connectTimeoutMs,
        origin: urlFrom,
        hostAllowed: isHostAllowed(origin, this.config.security.allowedPrivateUrls),
        rejectUnauthorized: !this.config.upstream.acceptRefusedCertificates,
      }),
      // The shared watch bounds every wait of every request.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const line = { dispatcher, opened: 0 };
    dispatcher.on('connect', () => (line.opened += 1));
    this.lines.set(key, line);
    this.evictOldest();
    return line;
  }

  private evictOldest(): void {
    if (this.lines.size <= MAX_POOLS) return;
    const [key, { dispatcher }] = this.lines.entries().next().value as [string, { dispatcher: Pool }];
    this.lines.delete(key);
    void dispatcher.close();
  }
}
