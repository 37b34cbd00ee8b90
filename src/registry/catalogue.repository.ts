import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { RATE_NAMES } from '../../libs/protocol/index.js';
import type { PriceRow } from './price-row.js';
import type { Timeouts } from './snapshot.js';

/** Rows as the snapshot is built from; `bigint` comes as text. */
export interface ModelRow {
  id: string;
  name: string;
  model_id: string;
  default_params: Record<string, unknown>;
  enable_thinking: boolean | null;
  system_prompt_prefix: string | null;
  rewrite_model_name: boolean;
  rpm_limit: string | null;
  tpm_limit: string | null;
  concurrency_limit: string | null;
  max_output_tokens: string | null;
  context_window: string | null;
  timeouts: Timeouts;
  created_at_seconds: string;
}

export interface BackendRow {
  id: string;
  model_id: string;
  provider_id: string | null;
  url: string | null;
  weight: number;
  priority: number;
  timeouts: Timeouts;
}

export interface ProviderRow {
  id: string;
  name: string;
  kind: string;
  base_url: string;
  options: Record<string, string>;
  active: boolean;
}

export interface CredentialRow {
  id: string;
  provider_id: string;
  label: string;
  ciphertext: string;
  key_id: string;
  rpm_limit: string | null;
  tpm_limit: string | null;
}

export interface ProjectProviderRow {
  id: string;
  project_id: string;
  name: string;
  kind: string | null;
  base_url: string | null;
  options: Record<string, string>;
  ciphertext: string;
  key_id: string;
}

/** The active rows of the catalogue, all at one revision. */
export interface CatalogueRows {
  revision: string;
  models: ModelRow[];
  backends: BackendRow[];
  /** Those that are not active too: their names are taken. */
  providers: ProviderRow[];
  credentials: CredentialRow[];
  projectProviders: ProjectProviderRow[];
  /** Past prices too, as far as calls under way may have begun under them. */
  prices: PriceRow[];
}

/** Reads the whole catalogue for the snapshot, past the entity mapper: at 15,000 rows that would cost most of the time. */
@Injectable()
export class CatalogueRepository {
  constructor(private readonly dataSource: DataSource) {}

  async revision(): Promise<string> {
    return revisionOf(this.dataSource.manager);
  }

  /** Everything at one moment of the database, so that no backend is read without its model. */
  async load(): Promise<CatalogueRows> {
    return this.dataSource.transaction('REPEATABLE READ', async (tx) => ({
      revision: await revisionOf(tx),
      models: await tx.query<ModelRow[]>(
        `SELECT id, name, model_id, default_params, enable_thinking, system_prompt_prefix, rewrite_model_name, rpm_limit, tpm_limit,
           concurrency_limit, max_output_tokens, context_window, timeouts, floor(extract(epoch FROM created_at))::bigint AS created_at_seconds
         FROM models WHERE active`,
      ),
      backends: await tx.query<BackendRow[]>(
        `SELECT id, model_id, provider_id, url, weight, priority, timeouts FROM model_backends WHERE active ORDER BY priority, id`,
      ),
      providers: await tx.query<ProviderRow[]>(`SELECT id, name, kind, base_url, options, active FROM providers`),
      credentials: await tx.query<CredentialRow[]>(
        `SELECT id, provider_id, label, ciphertext, key_id, rpm_limit, tpm_limit FROM provider_credentials WHERE active ORDER BY id`,
      ),
      projectProviders: await tx.query<ProjectProviderRow[]>(
        `SELECT id, project_id, name, kind, base_url, options, ciphertext, key_id FROM project_providers`,
      ),
      prices: await tx.query<PriceRow[]>(
        `SELECT id, provider_id, model, ${Object.values(RATE_NAMES).join(', ')}, per_request, per_web_search, per_audio_hour, tiers,
           floor(extract(epoch FROM effective_from) * 1000)::bigint AS from_ms, floor(extract(epoch FROM effective_to) * 1000)::bigint AS to_ms
         FROM prices WHERE effective_to IS NULL OR effective_to > now() - interval '7 days'`,
      ),
    }));
  }
}

async function revisionOf(manager: EntityManager): Promise<string> {
  const rows = await manager.query<{ revision: string }[]>(`SELECT revision FROM revisions WHERE room = 'registry'`);
  const revision = rows[0]?.revision;
  if (revision === undefined) throw new Error('the catalogue has no revision: its migration has not run');
  return revision;
}
