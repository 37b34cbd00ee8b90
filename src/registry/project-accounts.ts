import type { CredentialRow, ProjectProviderRow } from './catalogue.repository.js';
import type { CredentialEntry, ProjectProviderEntry, ProviderEntry } from './snapshot.js';

/** Opens a credential's secret; `null`: it cannot be read and is left out. */
export type OpenCredential = (row: Pick<CredentialRow, 'id' | 'ciphertext' | 'key_id'>) => string | null;

/**
 * Projects' own accounts, by project and name.
 * @param shared the gateway's providers by name, in whose place they stand
 */
export function projectProviders(
  rows: readonly ProjectProviderRow[],
  shared: ReadonlyMap<string, ProviderEntry>,
  open: OpenCredential,
): Map<string, Map<string, ProjectProviderEntry>> {
  const byProject = new Map<string, Map<string, ProjectProviderEntry>>();
  for (const row of rows) {
    const entry = projectProviderEntry(row, shared.get(row.name), open);
    if (entry === null) continue;
    const siblings = byProject.get(row.project_id);
    if (siblings === undefined) byProject.set(row.project_id, new Map([[row.name, entry]]));
    else siblings.set(row.name, entry);
  }
  return byProject;
}

/** `null` when what it stands in for is gone. */
function projectProviderEntry(
  row: ProjectProviderRow,
  shared: ProviderEntry | undefined,
  open: OpenCredential,
): ProjectProviderEntry | null {
  const place = placeOf(row, shared);
  if (place === null) return null;
  return Object.freeze({
    ...place,
    // The gateway's, where there is one: its prices hold.
    id: shared?.id ?? row.id,
    name: row.name,
    active: true,
    credentials: [credentialOf(row, open)],
    projectId: row.project_id,
  });
}

type Place = Pick<ProjectProviderEntry, 'kind' | 'baseUrl' | 'options' | 'hasOwnAddress'>;

function placeOf({ kind, base_url: baseUrl, options }: ProjectProviderRow, shared?: ProviderEntry): Place | null {
  if (kind !== null && baseUrl !== null) {
    return URL.canParse(baseUrl) ? { kind, baseUrl, options, hasOwnAddress: true } : null;
  }
  if (shared === undefined) return null;
  const whole = { ...shared.options, ...options };
  return { kind: shared.kind, baseUrl: shared.baseUrl, options: whole, hasOwnAddress: false };
}

/** One that cannot be read has no room for any call: to go out with somebody else's key would be worse than to fail. */
function credentialOf(row: ProjectProviderRow, open: OpenCredential): CredentialEntry {
  const secret = open(row);
  return {
    id: row.id,
    label: 'project',
    secret: secret ?? '',
    rpmLimit: secret === null ? 0 : null,
    tpmLimit: null,
  };
}
