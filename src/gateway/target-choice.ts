import type { WireErrorKind } from '../../libs/protocol/index.js';
import type { Target } from '../providers/provider-adapter.js';
import type { BackendEntry } from '../registry/snapshot.js';
import type { Lease } from '../routing/credential-pool.js';
import type { Router } from '../routing/router.service.js';
import type { Call } from './call.js';

/** A target, and what was taken of its credential's limits for the attempt. */
export interface ChosenTarget extends Target {
  /** `null` for backends that take no credential. */
  readonly lease: Lease | null;
}

/** Where another credential of the same vendor may help; elsewhere another backend comes first. */
const OF_THE_CREDENTIAL: ReadonlySet<WireErrorKind> = new Set(['authentication', 'permission', 'quota', 'rate-limit']);
/** What another credential is a last resort for, when there is no other backend. */
const OF_THE_ANSWER: ReadonlySet<WireErrorKind> = new Set(['overloaded', 'server']);

/**
 * The targets of one call, one after another. A key that is refused or used up is followed by the provider's next key, anything
 * else by the next backend.
 */
export class TargetChoice {
  /** Backends that were sent the call. */
  readonly tried: BackendEntry[] = [];
  /** The least wait until a credential has room, where none had, ms. */
  waitMs: number | null = null;
  /** The ones before, and those that had no credential to offer. */
  private readonly passed: BackendEntry[] = [];
  private triedCredentials: readonly string[] = [];
  /** Backends whose idle connection broke, which says nothing of them: asked once more where there is no other. */
  private readonly stale: BackendEntry[] = [];
  private again: BackendEntry | null = null;
  private lastResort: BackendEntry | null = null;

  constructor(
    private readonly router: Router,
    private readonly call: Call,
    /** What an attempt will use at most, prompt and answer. */
    private readonly tokens: number,
  ) {}

  /** `null`: none is left. */
  next(): ChosenTarget | null {
    // Each turn passes a backend or uses up one of those that may be asked again.
    for (;;) {
      const backend = this.backend();
      if (backend === null) return null;
      const target = this.onBackend(backend);
      if (target !== null) {
        if (!this.tried.includes(backend)) this.tried.push(backend);
        return target;
      }
    }
  }

  /** What became of the attempt decides what comes next. */
  failed({ backend, credential }: Target, fault: WireErrorKind | null): void {
    if (this.stale.includes(backend)) return;
    if (credential !== null) this.triedCredentials = [...this.triedCredentials, credential.id];
    if (fault === null || (backend.provider?.credentials.length ?? 0) < 2) return;
    if (OF_THE_CREDENTIAL.has(fault)) this.again = backend;
    else if (OF_THE_ANSWER.has(fault)) this.lastResort = backend;
  }

  brokeWhileIdle({ backend }: Target): void {
    this.stale.push(backend);
  }

  private backend(): BackendEntry | null {
    const { again } = this;
    this.again = null;
    if (again !== null) return again;
    const { model, pinnedProvider, projectId } = this.call;
    const mayFallBack = pinnedProvider === null || this.tried.length === 0;
    const other = mayFallBack ? this.router.next(model, this.passed, pinnedProvider) : null;
    if (other !== null) {
      this.passed.push(other);
      return this.router.forProject(other, projectId);
    }
    const stale = this.stale.shift();
    if (stale !== undefined) return stale;
    const { lastResort } = this;
    this.lastResort = null;
    return lastResort;
  }

  private onBackend(backend: BackendEntry): ChosenTarget | null {
    const { provider } = backend;
    const model = this.call.model.upstreamModel;
    if (provider === null || provider.credentials.length === 0)
      return { backend, credential: null, model, lease: null };
    const { credentials } = this.router;
    const lease = credentials.take(provider, model, this.tokens, this.triedCredentials);
    if (lease !== null) return { backend, credential: lease.credential, model, lease };
    const waitMs = credentials.waitMs(provider, model, this.tokens);
    if (waitMs > 0) this.waitMs = Math.min(waitMs, this.waitMs ?? Number.POSITIVE_INFINITY);
    return null;
  }
}
