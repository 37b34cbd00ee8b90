import type { ProjectProviderFacts } from '../../registry/project-providers.service.js';

/** A project's own account at a vendor, without its secret. */
export interface ProjectProviderView {
  readonly id: string;
  readonly provider: string;
  /** `null`: the kind, the base URL and what `meta` does not say are those of the gateway's provider of that name. */
  readonly kind: string | null;
  readonly base_url: string | null;
  readonly meta: Readonly<Record<string, string>>;
  /** The last 4 characters of the key; `null`: it is too short to show any. */
  readonly last4: string | null;
  /** `false`: no master key at hand opens it, and calls that need it fail. */
  readonly decryptable: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Field by field: nothing that is added to an account goes out by itself. */
export function projectProviderView(account: ProjectProviderFacts): ProjectProviderView {
  return {
    id: account.id,
    provider: account.name,
    kind: account.kind,
    base_url: account.baseUrl,
    meta: account.options,
    last4: account.secretTail,
    decryptable: account.decryptable,
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  };
}
