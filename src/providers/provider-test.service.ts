import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { classifyProviderError, GatewayError } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import type { UpstreamListener } from '../infra/http/upstream-call.js';
import { UpstreamClient } from '../infra/http/upstream-client.js';
import { backendAddress } from '../registry/backend-address.js';
import type { BackendEntry, CredentialEntry, ProviderEntry } from '../registry/snapshot.js';
import type { Target } from './provider-adapter.js';
import { ProviderAdapters } from './provider-adapters.js';

/** Longest wait for one credential's answer. */
const TEST_TIMEOUT_MS = 10_000;
/** Credentials tested at the same time. */
const AT_ONCE = 10;
/** Bytes of an error that are read. */
const MAX_ERROR_BYTES = 16_384;
const MAX_MESSAGE_CHARS = 500;

/** What came of trying one credential. Holds no secret. */
export interface CredentialTest {
  /** `null`: the provider was called without one. */
  readonly credentialId: string | null;
  readonly label: string | null;
  readonly ok: boolean;
  /** Of the vendor's answer; `null`: there was none. */
  readonly status: number | null;
  readonly latencyMs: number;
  readonly error: string | null;
}

interface Answered {
  readonly status: number | null;
  readonly error: string | null;
}

/** Tries whether a vendor takes our credentials, by a cheap read. Costs nothing there. */
@Injectable()
export class ProviderTest {
  constructor(
    private readonly config: Config,
    private readonly client: UpstreamClient,
    private readonly adapters: ProviderAdapters,
  ) {}

  /**
   * Each of the credentials, or the call without one where there is none. At most 10 s each, ten at a time.
   * @param credentialId only this one
   * @throws GatewayError not_found when the provider has no such credential, conflict when there is nothing to read
   */
  async run(provider: ProviderEntry, credentialId: string | null): Promise<CredentialTest[]> {
    const chosen = provider.credentials.filter(({ id }) => credentialId === null || id === credentialId);
    if (credentialId !== null && chosen.length === 0) {
      throw new GatewayError('not_found', 'The provider has no such active credential.');
    }
    const backend = ownBackend(provider);
    const all: (CredentialEntry | null)[] = chosen.length > 0 ? [...chosen] : [null];
    const results: CredentialTest[] = [];
    while (results.length < all.length) {
      const next = all.slice(results.length, results.length + AT_ONCE);
      results.push(...(await Promise.all(next.map((credential) => this.try(backend, credential)))));
    }
    return results;
  }

  private async try(backend: BackendEntry, credential: CredentialEntry | null): Promise<CredentialTest> {
    const startedAt = performance.now();
    const { status, error } = await this.ask({ backend, credential, model: '' });
    return {
      credentialId: credential?.id ?? null,
      label: credential?.label ?? null,
      ok: error === null,
      status,
      latencyMs: Math.round(performance.now() - startedAt),
      error,
    };
  }

  private async ask(target: Target): Promise<Answered> {
    const adapter = this.adapters.for(target.backend);
    const place = adapter.proofRequest(target);
    if (place === null) throw new GatewayError('conflict', 'There is nothing this provider could be asked for.');
    const request = { method: 'GET' as const, path: place.path, body: null, requestId: randomUUID(), format: null };
    try {
      const headers = await adapter.authorize(target, request);
      return await this.read(place, headers, target.credential?.secret ?? null);
    } catch (error) {
      return { status: null, error: error instanceof GatewayError ? error.message : 'The request could not be made.' };
    }
  }

  private read(place: { origin: string; path: string }, headers: string[], secret: string | null): Promise<Answered> {
    return new Promise((resolve) => {
      const answer = new ProofAnswer(secret, (answered) => {
        call.abort();
        resolve(answered);
      });
      const call = this.client.call(
        {
          ...place,
          urlFrom: 'administrator',
          method: 'GET',
          headers,
          body: null,
          connectTimeoutMs: Math.min(TEST_TIMEOUT_MS, this.config.timeouts.connectMs),
          firstByteTimeoutMs: TEST_TIMEOUT_MS,
          idleTimeoutMs: TEST_TIMEOUT_MS,
        },
        answer,
      );
      answer.timer = setTimeout(() => answer.tooLate(), TEST_TIMEOUT_MS);
      call.start();
    });
  }
}

/** A good status is enough; a bad one is read for its reason. */
class ProofAnswer implements UpstreamListener {
  timer: NodeJS.Timeout | undefined;
  private status: number | null = null;
  private headers: Record<string, string | string[] | undefined> = {};
  private said = '';
  private over = false;

  constructor(
    private readonly secret: string | null,
    private readonly done: (answered: Answered) => void,
  ) {}

  onSent(): void {
    // Nothing hangs on it.
  }

  onHead(status: number, headers: Record<string, string | string[] | undefined>): void {
    this.status = status;
    this.headers = headers;
    if (status >= 200 && status < 300) this.finish(null);
  }

  onData(chunk: Buffer): void {
    this.said += chunk.toString('utf8');
    if (this.said.length > MAX_ERROR_BYTES) this.onEnd();
  }

  onEnd(): void {
    const status = this.status ?? 0;
    const wire = classifyProviderError({ status, headers: this.headers, body: bodyOf(this.said), nowMs: Date.now() });
    this.finish(`${wire.kind}: ${wire.message}`);
  }

  onFailure(failure: string): void {
    this.finish(`The vendor could not be asked: ${failure}.`);
  }

  onCrash(): void {
    this.finish('The answer could not be read.');
  }

  tooLate(): void {
    this.finish(`No answer within ${TEST_TIMEOUT_MS} ms.`);
  }

  private finish(error: string | null): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    const safe = this.secret === null ? error : (error?.replaceAll(this.secret, '[redacted]') ?? null);
    this.done({ status: this.status, error: safe === null ? null : safe.slice(0, MAX_MESSAGE_CHARS) });
  }
}

function bodyOf(said: string): unknown {
  try {
    return JSON.parse(said);
  } catch {
    return said.includes('<') ? null : said;
  }
}

/** The provider's own place, as calls reach it that name no registered model. */
function ownBackend(provider: ProviderEntry): BackendEntry {
  const { id, baseUrl } = provider;
  const address = backendAddress(baseUrl, 'provider');
  return {
    id,
    modelId: id,
    url: baseUrl,
    ...address,
    weight: 1,
    priority: 0,
    provider,
    timeouts: {},
    urlFrom: 'administrator',
  };
}
