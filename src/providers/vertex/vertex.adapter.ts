import { LRUCache } from 'lru-cache';
import { ProfileAdapter } from '../profile.adapter.js';
import type { OutgoingRequest, Target } from '../provider-adapter.js';
import { accountIn, type FetchToken, googleTokens, GoogleToken, type ServiceAccount } from './google-token.js';
import { VERTEX } from './vertex.profile.js';

/** Accounts whose tokens are kept; beyond it the one used longest ago is asked for anew. */
const MAX_ACCOUNTS = 1000;
const MACHINE = '';

/**
 * Google's cloud: calls carry access tokens. A credential is the JSON of a service
 * account (plain or base64), an access token (`ya29.…`) or an API key; without one the machine's own identity is used.
 */
export class VertexAdapter extends ProfileAdapter {
  private readonly tokens = new LRUCache<string, GoogleToken>({ max: MAX_ACCOUNTS });

  constructor(private readonly tokensOf: (account: ServiceAccount | null) => FetchToken = googleTokens) {
    super(VERTEX);
  }

  override authorize(target: Target, request: OutgoingRequest): string[] | Promise<string[]> {
    const headers = this.plainHeaders(target, request);
    const secret = target.credential?.secret ?? MACHINE;
    const token = this.tokenOf(secret);
    if (token === null) {
      if (secret.startsWith('ya29.')) headers.push('authorization', `Bearer ${secret}`);
      else headers.push('x-goog-api-key', secret);
      return headers;
    }
    const value = token.value();
    if (typeof value === 'string') return withToken(headers, value);
    return value.then((fetched) => withToken(headers, fetched));
  }

  /** `null`: the secret is no account to fetch tokens with. */
  private tokenOf(secret: string): GoogleToken | null {
    let token = this.tokens.get(secret);
    if (token !== undefined) return token;
    const account = secret === MACHINE ? null : accountIn(secret);
    if (account === null && secret !== MACHINE) return null;
    token = new GoogleToken(this.tokensOf(account));
    this.tokens.set(secret, token);
    return token;
  }
}

function withToken(headers: string[], token: string): string[] {
  headers.push('authorization', `Bearer ${token}`);
  return headers;
}
