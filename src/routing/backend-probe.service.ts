import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { UpstreamListener } from '../infra/http/upstream-call.js';
import { UpstreamClient } from '../infra/http/upstream-client.js';
import type { BackendEntry } from '../registry/snapshot.js';

/** Answers to `/health` that say "there is no such page here", not "I am ill". */
const NO_HEALTH_PAGE = new Set([400, 401, 403, 404, 405, 501]);

interface ProbePlace {
  readonly origin: string;
  readonly path: string;
}

/** Where a backend is asked, and how. */
export interface ProbePlan {
  /** A page that says how the server is; `null`: it has none. */
  readonly health: ProbePlace | null;
  /** Something a good credential may read; `null`: there is nothing. */
  readonly proof: ProbePlace | null;
  /** Headers for one of them, as name, value, name, value…; may be fetched first. */
  headers(path: string): string[] | Promise<string[]>;
}

/** Asks one backend whether it is there: its page of health, or what its vendor lets a credential read where it has no such page. */
@Injectable()
export class BackendProbe {
  private plan: ((backend: BackendEntry) => ProbePlan) | null = null;

  constructor(
    private readonly config: Config,
    private readonly client: UpstreamClient,
  ) {}

  /** Says how vendors are asked, which is known elsewhere. Until then every backend counts as well. */
  askBy(plan: (backend: BackendEntry) => ProbePlan): void {
    this.plan = plan;
  }

  /** `null` when the backend is well, else what is wrong. Takes at most twice the configured time-out. */
  async check(backend: BackendEntry): Promise<string | null> {
    const plan = this.plan?.(backend);
    if (plan === undefined) return null;
    return plan.health === null ? this.checkProof(plan) : this.checkHealth(plan, plan.health);
  }

  private async checkHealth(plan: ProbePlan, place: ProbePlace): Promise<string | null> {
    const health = await this.ask(plan, place);
    if (typeof health === 'string') return health;
    if (health >= 200 && health < 300) return null;
    return NO_HEALTH_PAGE.has(health) ? this.checkProof(plan) : `${place.path} answered ${health}`;
  }

  /** Whatever it answers, it is there; only its own faults count. */
  private async checkProof(plan: ProbePlan): Promise<string | null> {
    if (plan.proof === null) return null;
    const proof = await this.ask(plan, plan.proof);
    if (typeof proof === 'string') return proof;
    return proof < 500 ? null : `${plan.proof.path} answered ${proof}`;
  }

  private async ask(plan: ProbePlan, place: ProbePlace): Promise<number | string> {
    try {
      return await this.get(place, await plan.headers(place.path));
    } catch {
      return 'no credentials to ask with';
    }
  }

  private async get({ origin, path }: ProbePlace, headers: string[]): Promise<number | string> {
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
      const call = this.client.call(
        {
          origin,
          urlFrom: 'administrator',
          path,
          method: 'GET',
          headers,
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
