import type { BackendEntry, CredentialEntry } from '../registry/snapshot.js';

/** The backend and the credential chosen for one attempt. */
export interface Target {
  readonly backend: BackendEntry;
  /** `null` for backends that take no credential. */
  readonly credential: CredentialEntry | null;
}

/** Speaks to one family of vendors: where a call goes and how it proves who we are. Stateless. */
export abstract class ProviderAdapter {
  /** What `ProviderEntry.kind` says. */
  abstract readonly kind: string;
  abstract chatPath(target: Target): string;
  /** A cheap authenticated read that tells whether the upstream answers at all. */
  abstract modelsPath(target: Target): string;
  /** Name, value, name, value… */
  abstract headers(target: Target, requestId: string): string[];
}
