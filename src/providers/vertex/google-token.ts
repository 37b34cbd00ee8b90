import { GatewayError } from '../../../libs/protocol/index.js';
import { inTime, PROOF_PATIENCE_MS } from '../in-time.js';

/** Tokens are fetched anew this long before they run out. */
const EARLY_MS = 300_000;
/** After a failure nobody asks again for this long. */
const FAILED_MS = 5_000;
/** A token that does not say when it runs out is used this long. */
const DEFAULT_LIFE_MS = 600_000;
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** Others name URLs, files or commands of this machine to fetch tokens with: not for whoever may write a credential. */
const ALLOWED_TYPES = new Set(['service_account', 'authorized_user']);

export interface FetchedToken {
  readonly token: string;
  /** Milliseconds since 1970; `null`: not said. */
  readonly expiresAtMs: number | null;
}
export type FetchToken = () => Promise<FetchedToken>;

/** One account's access token: at hand while it is fresh, fetched by one at a time when not. */
export class GoogleToken {
  private current: FetchedToken | null = null;
  private fetching: Promise<string> | null = null;
  private failedUntilMs = 0;

  constructor(
    private readonly fetchToken: FetchToken,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** @throws GatewayError upstream_error when none can be had */
  value(): string | Promise<string> {
    const { current } = this;
    if (current?.expiresAtMs != null && current.expiresAtMs - EARLY_MS > this.nowMs()) return current.token;
    if (this.nowMs() < this.failedUntilMs) return this.afterFailure(undefined);
    this.fetching ??= this.refresh().finally(() => (this.fetching = null));
    return this.fetching;
  }

  private async refresh(): Promise<string> {
    try {
      const { token, expiresAtMs } = await inTime(this.fetchToken(), PROOF_PATIENCE_MS, 'Google gave no access token');
      this.current = { token, expiresAtMs: expiresAtMs ?? this.nowMs() + DEFAULT_LIFE_MS };
      return token;
    } catch (cause) {
      this.failedUntilMs = this.nowMs() + FAILED_MS;
      return this.afterFailure(cause);
    }
  }

  /** One that is still good is used while the next cannot be had. */
  private afterFailure(cause: unknown): string {
    if (this.current?.expiresAtMs != null && this.current.expiresAtMs > this.nowMs()) return this.current.token;
    throw new GatewayError('upstream_error', 'Google gave no access token for the configured account.', { cause });
  }
}

/**
 * Fetches tokens with the account a secret describes, or without one as whoever this machine is (Application Default
 * Credentials: a file named by the environment, a workload's identity, a metadata server).
 */
export function googleTokens(account: ServiceAccount | null): FetchToken {
  const auth = import('google-auth-library').then(
    ({ GoogleAuth }) => new GoogleAuth({ scopes: [SCOPE], ...(account !== null && { credentials: account }) }),
  );
  // Heard of by whoever asks for a token.
  auth.catch(() => undefined);
  return async () => {
    const client = await (await auth).getClient();
    const { token } = await client.getAccessToken();
    if (typeof token !== 'string' || token === '') throw new Error('there is no token in the answer');
    return { token, expiresAtMs: client.credentials.expiry_date ?? null };
  };
}

export interface ServiceAccount {
  readonly type: string;
  readonly client_email?: string;
  readonly private_key?: string;
}

/** A secret that is the JSON of an account, plain or in base64; `null`: it is something else. */
export function accountIn(secret: string): ServiceAccount | null {
  for (const text of [secret, Buffer.from(secret, 'base64').toString('utf8')]) {
    if (!text.trimStart().startsWith('{')) continue;
    try {
      const account = JSON.parse(text) as Partial<ServiceAccount> | null;
      if (typeof account?.type === 'string' && ALLOWED_TYPES.has(account.type)) return account as ServiceAccount;
    } catch {
      // No account.
    }
  }
  return null;
}
