import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { UpstreamListener } from '../infra/http/upstream-call.js';
import { UpstreamClient } from '../infra/http/upstream-client.js';
import type { BackendEntry } from '../registry/snapshot.js';

/** Answers to `/health` that say "there is no such page here", not "I am ill". */
const NO_HEALTH_PAGE = new Set([400, 401, 403, 404, 405, 501]);

/** Asks one backend whether it is there: `GET /health`, or `GET /v1/models` where a server has no such page. */
@Injectable()
export class BackendProbe {
  constructor(
    private readonly config: Config,
    private readonly client: UpstreamClient,
  ) {}

  /** `null` when the backend is well, else what is wrong. Takes at most twice the configured time-out. */
  async check(backend: BackendEntry): Promise<string | null> {
    const health = await this.get(backend, `${backend.rootPath}/health`);
    if (typeof health === 'string') return health;
    if (health >= 200 && health < 300) return null;
    if (!NO_HEALTH_PAGE.has(health)) return `/health answered ${health}`;
    const models = await this.get(backend, `${backend.basePath}/models`);
    if (typeof models === 'string') return models;
    return models < 500 ? null : `/models answered ${models}`;
  }

  private async get(backend: BackendEntry, path: string): Promise<number | string> {
    const { timeoutMs } = this.config.health;
    return new Promise((resolve) => {
      const finish = (result: number | string): void => {
        clearTimeout(timer);
        call.abort();
        resolve(result);
      };
      let answered: number | null = null;
      const listener: UpstreamListener = {
        onSent: () => undefined,
        onHead: (status) => {
          answered = status;
        },
        onData: () => undefined,
        // Read to its end, so that the connection can be used again.
        onEnd: () => finish(answered ?? 'no status'),
        onFailure: (failure) => finish(failure),
        onCrash: () => finish('internal error'),
      };
      const secret = backend.provider?.credentials[0]?.secret;
      const call = this.client.call(
        {
          origin: backend.origin,
          path,
          method: 'GET',
          headers: secret === undefined ? [] : ['authorization', `Bearer ${secret}`],
          body: null,
          connectTimeoutMs: Math.min(timeoutMs, this.config.timeouts.connectMs),
          firstByteTimeoutMs: timeoutMs,
          idleTimeoutMs: timeoutMs,
        },
        listener,
      );
      const timer = setTimeout(() => finish(answered ?? 'no answer in time'), timeoutMs);
      call.start();
    });
  }
}
