import type { AnyFormatId, GatewayError, PriceCard, Usage } from '../../libs/protocol/index.js';
import type { Hold, Standing } from '../counters/counter.store.js';
import type { CallOutcome, UsageSource } from '../ledger/call-record.js';
import { isoTime } from '../infra/logging/iso-time.js';
import type { Seated } from '../infra/memory/roster.js';
import type { ModelEntry } from '../registry/snapshot.js';
import { joined, NO_CLAIMS, type StatedClaim } from './stated-claim.js';
import type { Caller } from '../tenancy/caller.js';

/** How a call ended, as the things that must be given back need to know it. */
export interface ExchangeEnd {
  outcome: CallOutcome;
  /** What the call really used; `null` when nothing was sent upstream or nothing is known. */
  usage: Usage | null;
  usageSource: UsageSource;
}

/** Knows what a running call has used so far. */
export interface UsageMeter {
  /** Writes what is known now to `exchange.usage`. */
  read(exchange: Exchange): void;
  /** Prompt and answer together; cheap, an estimate until the upstream reports. */
  tokensSoFar(): number;
}

/** What is known of a call when its first bytes have come. */
export type ExchangeOpening = Pick<Exchange, 'id' | 'requestId' | 'path' | 'dialect' | 'method' | 'startedAtMs'>;

const NO_AMOUNTS: number[] = [];

type EndStep = (end: ExchangeEnd) => void;

/**
 * One call's folder of papers. Guards and steps write what they found and what they took; `atEnd` gives it back.
 * Nothing else may release a slot, settle money or write a call record.
 */
export class Exchange implements Seated {
  seat = -1;

  caller: Caller | null = null;
  /** Name the caller used for the model. */
  model: string | null = null;
  upstreamModel: string | null = null;
  stream = false;
  /** The name under which metrics count this call: a registered alias, never text that only the caller made up. */
  metricsModel = 'unknown';
  modelEntry: ModelEntry | null = null;
  /** High estimate of the prompt, for limits and for counting when the upstream reports nothing. */
  promptTokensEstimate = 0;
  /** The caller's own cap on generated tokens. */
  maxTokens: number | null = null;
  /** Searches a reranker may charge for this call at most; 0: it is no such call. */
  searchUnitsCap = 0;
  /** What the answer may take in tokens at most, as far as is known. */
  outputTokensCap = 0;
  /** What the guards stated; taken all at once by AdmissionGuard. Lists are shared between calls. */
  claims: readonly StatedClaim[] = NO_CLAIMS;
  /** How much of each claim this call wants, in whole units. */
  amounts: number[] = NO_AMOUNTS;
  /** How the counters stood after admission (or at the refusal), one a claim. */
  standing: Standing | null = null;
  hold: Hold | null = null;
  /** Tokens the counters were last told of. */
  trackedTokens = 0;
  /** The organisation's day, `YYYY-MM-DD` in its own time zone: what the call's cost counts for. */
  spendDay: string | null = null;
  meter: UsageMeter | null = null;
  /** Ends the call early, telling its caller why; set while it runs upstream. */
  cut: ((error: GatewayError) => void) | null = null;
  inputHash: string | null = null;
  /** What a translation could not carry, for people; `null`: nothing. */
  loss: string | null = null;
  /** Tells a failure in the words of a stream that is under way; `null`: as the dialect does by itself. */
  errorFrame: ((error: GatewayError) => string | Buffer) | null = null;
  metadata: Record<string, string> | null = null;

  provider: string | null = null;
  backendId: string | null = null;
  backendUrl: string | null = null;
  attempts = 0;
  fallback = false;

  /** Sent to the caller; 0 before anything was sent. */
  status = 0;
  error: GatewayError | null = null;
  usage: Usage | null = null;
  usageSource: UsageSource = 'none';
  finishReason: string | null = null;
  /** The price at the backend that serves the call. */
  price: PriceCard | null = null;
  /** What the call cost; `null` while that is unknown. */
  costNanoDollars: number | null = null;
  /** Whether the whole answer was delivered. */
  delivered = false;
  /** Whether the upstream broke off after the first byte. */
  broken = false;

  /** Milliseconds since `startedAt`, from the monotonic clock; `null` until it happened. */
  admittedMs: number | null = null;
  routedMs: number | null = null;
  authenticatedMs: number | null = null;
  firstByteMs: number | null = null;
  firstTokenMs: number | null = null;
  lastTokenMs: number | null = null;
  /** Time spent waiting for upstreams so far, over all attempts. */
  upstreamMs = 0;

  private steps: EndStep[] = [];
  private end: ExchangeEnd | null = null;

  /** UUIDv7: the id of the call record. */
  readonly id: string;
  /** The caller's `x-request-id` if sane, else new. */
  readonly requestId: string;
  readonly path: string;
  /** What the caller speaks, by the path that was called. */
  readonly dialect: AnyFormatId;
  readonly method: string;
  /** Epoch ms. */
  readonly startedAtMs: number;
  private startedAtText: string | null = null;
  /** Monotonic ms at the start. */
  private readonly began = performance.now();

  constructor(opening: ExchangeOpening) {
    this.id = opening.id;
    this.requestId = opening.requestId;
    this.path = opening.path;
    this.dialect = opening.dialect;
    this.method = opening.method;
    this.startedAtMs = opening.startedAtMs;
  }

  /** When the call began, ISO 8601 with milliseconds, UTC. */
  startedAt(): string {
    this.startedAtText ??= isoTime(this.startedAtMs);
    return this.startedAtText;
  }

  /** Milliseconds since the call began, with fractions. */
  elapsedMs(): number {
    return performance.now() - this.began;
  }

  /** Adds claims, with how much of each this call wants. */
  state(claims: readonly StatedClaim[], amounts: number[]): void {
    this.claims = joined(this.claims, claims);
    if (this.amounts.length === 0) this.amounts = amounts;
    else for (const amount of amounts) this.amounts.push(amount);
  }

  get ended(): boolean {
    return this.end !== null;
  }

  /** Registers something to be given back. Runs at once when the call is already over: a caller may hang up while a guard waits. */
  atEnd(step: EndStep): void {
    if (this.end !== null) step(this.end);
    else this.steps.push(step);
  }

  /** Ends the call, once; later calls do nothing. Steps run newest first and cannot stop one another. */
  finish(end: ExchangeEnd, onStepError: (error: unknown) => void): boolean {
    if (this.end !== null) return false;
    this.end = end;
    for (let i = this.steps.length - 1; i >= 0; i -= 1) {
      try {
        this.steps[i]?.(end);
      } catch (error) {
        onStepError(error);
      }
    }
    this.steps = [];
    return true;
  }
}
