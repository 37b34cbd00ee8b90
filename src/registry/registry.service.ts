import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { SecretBox } from '../infra/crypto/secret-box.js';
import { ChangeListener } from '../infra/database/change-listener.js';
import { buildSnapshot, emptySnapshot } from './build-snapshot.js';
import type { OpenCredential } from './project-accounts.js';
import { entryOf } from './environment-provider.js';
import { CatalogueRepository } from './catalogue.repository.js';
import { PublishedPrices } from './price-list.service.js';
import type { ProviderEntry, RegistrySnapshot } from './snapshot.js';

/** Notifications within this time lead to one reading. */
const DEBOUNCE_MS = 20;
/** Reading costs about 10 µs a row: larger catalogues wait longer between readings, up to a bound. */
const DEBOUNCE_MS_PER_ROW = 0.04;
const MAX_DEBOUNCE_MS = 400;
/** Up to this size a change of one's own is waited for. */
const SMALL_CATALOGUE_ROWS = 2_000;
/** Polls that may fail before the snapshot counts as stale. */
const FRESH_POLLS = 3;

export interface RegistryStatus {
  readonly revision: string;
  /** Since the snapshot was taken, which is when the catalogue last changed or the process started. */
  readonly ageMs: number;
  /** Since the snapshot was last compared with the database. */
  readonly comparedMsAgo: number;
  readonly models: number;
  readonly backends: number;
  readonly providers: number;
  /** Compared with the database within three polls. */
  readonly fresh: boolean;
}

type SwapListener = (snapshot: RegistrySnapshot) => void;

/**
 * The catalogue in memory. Follows the database by notification, by poll, and after a lost connection; one reading at a time, so
 * that an older one never replaces a newer one. While the database is away, what was read last stays in force.
 */
@Injectable()
export class Registry implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(Registry.name);
  private readonly listeners: SwapListener[] = [];
  private snapshot = emptySnapshot();
  private backends = 0;
  private comparedAtMs = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | null = null;
  private nextReading: Promise<void> | null = null;
  private debounce: NodeJS.Timeout | null = null;
  private poll: NodeJS.Timeout | null = null;
  /** Models and backends when everything was last read. */
  private rows = 0;
  private away = false;
  private stopped = false;
  /** Credentials already reported as unreadable, as `id keyId`: each is logged once, not at every reading. */
  private unreadable = new Set<string>();
  private readonly environment: readonly ProviderEntry[];

  constructor(
    private readonly config: Config,
    private readonly catalogue: CatalogueRepository,
    private readonly box: SecretBox,
    private readonly changes: ChangeListener,
    private readonly published: PublishedPrices,
  ) {
    this.environment = config.providers.map(entryOf);
    for (const notice of config.notices) this.logger.warn(notice);
  }

  async onModuleInit(): Promise<void> {
    this.changes.listen('og_registry', () => this.refreshSoon());
    this.changes.onReconnect(() => this.refreshSoon());
    await this.refresh();
    this.schedulePoll();
  }

  onModuleDestroy(): void {
    this.stopped = true;
    if (this.debounce !== null) clearTimeout(this.debounce);
    if (this.poll !== null) clearTimeout(this.poll);
  }

  /** The catalogue as last read; empty before the first reading. */
  current(): RegistrySnapshot {
    return this.snapshot;
  }

  /** Calls back after each change, with the new snapshot already in force. */
  onSwap(listener: SwapListener): void {
    this.listeners.push(listener);
  }

  status(): RegistryStatus {
    const comparedMsAgo = performance.now() - this.comparedAtMs;
    return {
      revision: this.snapshot.revision,
      ageMs: Math.max(0, Date.now() - this.snapshot.takenAtMs),
      comparedMsAgo,
      models: this.snapshot.models.size,
      backends: this.backends,
      providers: this.snapshot.providers.size,
      fresh: comparedMsAgo <= FRESH_POLLS * this.config.registry.pollMs,
    };
  }

  /**
   * Compares with the database and takes over what changed, with a reading that begins after this call.
   * @throws when the database cannot be read; the snapshot stays.
   */
  refresh(): Promise<void> {
    if (this.reading === null) {
      this.reading = this.read().finally(() => (this.reading = null));
      return this.reading;
    }
    this.nextReading ??= this.reading
      .catch(() => undefined)
      .then(() => {
        this.nextReading = null;
        return this.refresh();
      });
    return this.nextReading;
  }

  /**
   * After a change of one's own. In force when this resolves, unless the catalogue is so large that reading it for each of many
   * changes would cost too much: then shortly after. Never fails: a poll will make up for it.
   */
  async catchUp(): Promise<void> {
    if (this.rows > SMALL_CATALOGUE_ROWS) this.refreshSoon();
    else await this.refreshQuietly();
  }

  private async refreshQuietly(): Promise<void> {
    if (this.stopped) return;
    try {
      await this.refresh();
      if (this.away) this.logger.log('the catalogue is read again');
      this.away = false;
    } catch (error) {
      if (!this.away) this.warn('the catalogue cannot be read; the last one stays in force', error);
      this.away = true;
    }
  }

  /** A reading that the end of the process cuts off is no news. */
  private warn(what: string, error: unknown): void {
    if (!this.stopped) this.logger.warn(`${what}: ${(error as Error).message}`);
  }

  private refreshSoon(): void {
    if (this.stopped) return;
    const delayMs = Math.min(DEBOUNCE_MS + this.rows * DEBOUNCE_MS_PER_ROW, MAX_DEBOUNCE_MS);
    this.debounce ??= setTimeout(() => {
      this.debounce = null;
      void this.refreshQuietly();
    }, delayMs).unref();
  }

  private schedulePoll(): void {
    this.poll = setTimeout(() => {
      void this.refreshQuietly().finally(() => {
        if (!this.stopped) this.schedulePoll();
      });
    }, this.config.registry.pollMs).unref();
  }

  private async read(): Promise<void> {
    const revision = await this.catalogue.revision();
    if (revision !== this.snapshot.revision) this.swap(await this.build());
    this.comparedAtMs = performance.now();
  }

  private async build(): Promise<RegistrySnapshot> {
    const startedAt = performance.now();
    const rows = await this.catalogue.load();
    const loadedAt = performance.now();
    const unreadable = new Set<string>();
    const snapshot = buildSnapshot(rows, Date.now(), (row) => this.open(row, unreadable), {
      published: this.published,
      environment: this.environment,
    });
    this.unreadable = unreadable;
    const builtAt = performance.now();
    this.rows = rows.models.length + rows.backends.length;
    const [loadMs, buildMs] = [loadedAt - startedAt, builtAt - loadedAt].map(Math.round);
    this.logger.debug({ revision: rows.revision, models: rows.models.length, loadMs, buildMs }, 'catalogue read');
    return snapshot;
  }

  private open(row: Parameters<OpenCredential>[0], unreadable: Set<string>): string | null {
    const secret = this.box.open({ ciphertext: row.ciphertext, keyId: row.key_id }, row.id);
    if (secret !== null) return secret;
    const key = `${row.id} ${row.key_id}`;
    unreadable.add(key);
    if (!this.unreadable.has(key)) {
      const { id, key_id: keyId } = row;
      this.logger.error({ credential: id, keyId }, 'a credential cannot be decrypted and is left out');
    }
    return null;
  }

  private swap(snapshot: RegistrySnapshot): void {
    this.snapshot = snapshot;
    this.backends = 0;
    for (const model of snapshot.models.values()) this.backends += model.backends.length;
    for (const listener of this.listeners) {
      try {
        listener(snapshot);
      } catch (error) {
        this.logger.error({ err: error }, 'a listener of the catalogue failed');
      }
    }
  }
}
