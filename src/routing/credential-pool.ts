import type { WireErrorKind } from '../../libs/protocol/index.js';
import { SlidingWindow, type SlidingShare } from '../counters/sliding-window.js';
import type { CredentialEntry, ProviderEntry } from '../registry/snapshot.js';

/** For so long others are preferred to a key that is refused or without money; then for twice that, and so on. */
const OUT_MS = 30_000;
const MAX_OUT_MS = 600_000;
/** Models remembered a credential because something was wrong; the oldest is forgotten. */
const MAX_LANES = 100;
const WINDOW_MS = 60_000;
const SUB_BUCKETS = 60;
/** The longest anybody is told to wait. */
const MAX_WAIT_MS = 3_600_000;

/** What went wrong with one model on one credential: vendors limit and allow by model. Epochs are monotonic ms. */
interface Lane {
  coolUntil: number;
  /** Refused for want of permission: others are preferred until then. */
  avoidUntil: number;
  failures: number;
  openUntil: number;
}

interface CredentialState {
  /** A changed secret starts anew. */
  secret: string;
  readonly requests: SlidingWindow;
  readonly tokens: SlidingWindow;
  /** Refused as a whole: others are preferred until then. */
  outUntil: number;
  outTimes: number;
  readonly lanes: Map<string, Lane>;
}

/** When a credential is left alone. */
export interface PoolPolicy {
  /** After a 429 that does not say how long, and by how long a refused permission makes others preferred, ms. */
  readonly coolDownMs: number;
  /** Failures of a model in a row after which it is left alone on this credential, and for how long, ms. */
  readonly breakerFailures: number;
  readonly breakerMs: number;
}

/** What an attempt needs. */
interface Need {
  readonly model: string;
  readonly tokens: number;
  readonly now: number;
}

/** A credential taken for one attempt. Give it back with `settle`, and say with `succeeded` or `failed` how it went. */
export interface Lease {
  readonly credential: CredentialEntry;
  readonly model: string;
  /** What is counted for it; `null`: the credential has no limit of tokens. */
  readonly tokens: SlidingShare | null;
}

/**
 * Which of a provider's credentials a call uses: in turn, those with room that nothing is held against. A key the vendor refused
 * is used again only where there is no other: to try it costs a round trip, not to try it would make one refusal an outage.
 * What is learned is kept by this process alone: counts over the last minute, waits vendors ask for, keys they refuse.
 * Never waits.
 */
export class CredentialPool {
  private readonly states = new Map<string, CredentialState>();
  private readonly turns = new Map<string, number>();

  constructor(
    private readonly policy: PoolPolicy,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * @param tokens what the attempt will use at most, prompt and answer
   * @param tried ids of credentials that failed this call already
   * @returns `null`: none has room; see `waitMs`
   */
  take(provider: ProviderEntry, model: string, tokens: number, tried: readonly string[]): Lease | null {
    const { credentials, id } = provider;
    const count = credentials.length;
    const turn = count === 1 ? 0 : (this.turns.get(id) ?? 0);
    const need: Need = { model, tokens, now: this.now() };
    let avoided: CredentialEntry | null = null;
    for (let step = 0; step < count; step += 1) {
      const credential = credentials[(turn + step) % count] as CredentialEntry;
      if (tried.includes(credential.id) || waitOf(credential, this.stateOf(credential), need) > 0) continue;
      if (this.isAvoided(credential, need)) {
        avoided ??= credential;
      } else {
        if (count > 1) this.turns.set(id, (turn + step + 1) % count);
        return this.lease(credential, need);
      }
    }
    return avoided === null ? null : this.lease(avoided, need);
  }

  /** How long until one of a provider's credentials has room, ms; 0: one has. */
  waitMs(provider: ProviderEntry, model: string, tokens: number): number {
    const need: Need = { model, tokens, now: this.now() };
    const waits = provider.credentials.map((credential) => waitOf(credential, this.stateOf(credential), need));
    return Math.ceil(Math.min(...waits, MAX_WAIT_MS));
  }

  /** Corrects what is counted to what was really used. */
  settle(lease: Lease, tokens: number): void {
    if (lease.tokens === null) return;
    this.states.get(lease.credential.id)?.tokens.correct(lease.tokens, tokens, this.now());
  }

  succeeded({ credential, model }: Lease): void {
    const state = this.states.get(credential.id);
    if (state === undefined) return;
    state.outTimes = 0;
    state.outUntil = 0;
    state.lanes.delete(model);
  }

  /** @param retryAfterMs what the vendor asks for; `null`: it does not say */
  failed({ credential, model }: Lease, kind: WireErrorKind, retryAfterMs: number | null): void {
    const state = this.states.get(credential.id);
    const act = ON_FAILURE[kind];
    if (state === undefined || act === undefined) return;
    act({ state, model, now: this.now(), retryAfterMs, policy: this.policy });
  }

  /** The attempt came to nothing that says anything of the credential: a trial of a tripped one is open to the next call. */
  abandoned({ credential, model }: Lease): void {
    const lane = this.states.get(credential.id)?.lanes.get(model);
    if (lane !== undefined && lane.failures >= this.policy.breakerFailures) lane.openUntil = 0;
  }

  /** Forgets what is no longer in the catalogue. */
  keepOnly(providers: Iterable<ProviderEntry>): void {
    const credentials = new Set<string>();
    const ids = new Set<string>();
    for (const provider of providers) {
      ids.add(provider.id);
      for (const { id } of provider.credentials) credentials.add(id);
    }
    for (const id of this.states.keys()) if (!credentials.has(id)) this.states.delete(id);
    for (const id of this.turns.keys()) if (!ids.has(id)) this.turns.delete(id);
  }

  private stateOf({ id, secret }: CredentialEntry): CredentialState {
    let state = this.states.get(id);
    if (state === undefined) {
      state = newState(id, secret);
      this.states.set(id, state);
    } else if (state.secret !== secret) {
      state.secret = secret;
      state.outTimes = 0;
      state.outUntil = 0;
      state.lanes.clear();
    }
    return state;
  }

  private isAvoided(credential: CredentialEntry, { model, now }: Need): boolean {
    const { lanes, outUntil } = this.stateOf(credential);
    return outUntil > now || (lanes.size > 0 && (lanes.get(model)?.avoidUntil ?? 0) > now);
  }

  private lease(credential: CredentialEntry, { model, tokens, now }: Need): Lease {
    const state = this.stateOf(credential);
    const { rpmLimit, tpmLimit } = credential;
    if (rpmLimit !== null) state.requests.add(1, now);
    const share = tpmLimit === null ? null : state.tokens.shareOf(Math.min(tokens, tpmLimit), now);
    if (share !== null) state.tokens.add(share.held, now);
    const lane = state.lanes.size === 0 ? undefined : state.lanes.get(model);
    const { breakerFailures, breakerMs } = this.policy;
    // One call at a time finds out whether a tripped credential works again.
    if (lane !== undefined && lane.failures >= breakerFailures) lane.openUntil = now + breakerMs;
    return { credential, model, tokens: share };
  }
}

/** How long until a credential can take it, ms. */
function waitOf({ rpmLimit, tpmLimit }: CredentialEntry, state: CredentialState, { model, tokens, now }: Need): number {
  const lane = state.lanes.size === 0 ? undefined : state.lanes.get(model);
  let wait = lane === undefined ? 0 : Math.max(0, lane.coolUntil - now, lane.openUntil - now);
  if (rpmLimit !== null) wait = Math.max(wait, untilFits(state.requests, 1, rpmLimit, now));
  // A call larger than the limit goes when nothing else does.
  if (tpmLimit !== null) wait = Math.max(wait, untilFits(state.tokens, Math.min(tokens, tpmLimit), tpmLimit, now));
  return wait;
}

interface FailureOf {
  readonly state: CredentialState;
  readonly model: string;
  readonly now: number;
  readonly retryAfterMs: number | null;
  readonly policy: PoolPolicy;
}

function takeOut({ state, now, retryAfterMs }: FailureOf): void {
  const waitMs = Math.min(OUT_MS * 2 ** state.outTimes, MAX_OUT_MS);
  state.outTimes = Math.min(state.outTimes + 1, 10);
  state.outUntil = now + Math.max(waitMs, retryAfterMs ?? 0);
}

function coolDown({ state, model, now, retryAfterMs, policy }: FailureOf): void {
  laneOf(state, model).coolUntil = now + (retryAfterMs ?? policy.coolDownMs);
}

function avoid({ state, model, now, policy }: FailureOf): void {
  laneOf(state, model).avoidUntil = now + policy.coolDownMs;
}

function countFailure({ state, model, now, retryAfterMs, policy }: FailureOf): void {
  const lane = laneOf(state, model);
  lane.failures += 1;
  if (lane.failures >= policy.breakerFailures) lane.openUntil = now + Math.max(policy.breakerMs, retryAfterMs ?? 0);
}

/** What is missing here says nothing of a credential. */
const ON_FAILURE: Partial<Record<WireErrorKind, (failure: FailureOf) => void>> = {
  authentication: takeOut,
  quota: takeOut,
  permission: avoid,
  'rate-limit': coolDown,
  overloaded: countFailure,
  server: countFailure,
  timeout: countFailure,
  malformed: countFailure,
  incomplete: countFailure,
  unknown: countFailure,
};

function laneOf({ lanes }: CredentialState, model: string): Lane {
  let lane = lanes.get(model);
  if (lane === undefined) {
    lane = { coolUntil: 0, avoidUntil: 0, failures: 0, openUntil: 0 };
    if (lanes.size >= MAX_LANES) lanes.delete(lanes.keys().next().value as string);
    lanes.set(model, lane);
  }
  return lane;
}

function newState(id: string, secret: string): CredentialState {
  const window = (): SlidingWindow => new SlidingWindow(id, WINDOW_MS / SUB_BUCKETS, SUB_BUCKETS, WINDOW_MS);
  return { secret, requests: window(), tokens: window(), outUntil: 0, outTimes: 0, lanes: new Map() };
}

/** A limit of nothing never has room. */
function untilFits(window: SlidingWindow, amount: number, limit: number, now: number): number {
  if (limit === 0) return WINDOW_MS;
  if (window.used(now) + amount <= limit) return 0;
  return window.freesInMs(now, amount, limit);
}
