import { Injectable } from '@nestjs/common';
import { Transactions } from '../infra/database/transactions.js';

/** The table `key_last_used`: apart from the keys, so that using one is no change to it. */
@Injectable()
export class LastUsedRepository {
  constructor(private readonly transactions: Transactions) {}

  /** Writes the times (epoch ms) of many keys in one statement. Times only move forward; keys deleted meanwhile are left out. */
  async write(times: ReadonlyMap<string, number>): Promise<void> {
    const at = [...times.values()].map((ms) => new Date(ms).toISOString());
    await this.transactions.read((connection) =>
      connection.query(
        `INSERT INTO key_last_used (key_id, last_used_at)
         SELECT used.key_id, used.at FROM unnest($1::uuid[], $2::timestamptz[]) AS used (key_id, at)
         JOIN api_keys ON api_keys.id = used.key_id
         ORDER BY used.key_id
         ON CONFLICT (key_id) DO UPDATE SET last_used_at = GREATEST(key_last_used.last_used_at, EXCLUDED.last_used_at)`,
        [[...times.keys()], at],
      ),
    );
  }

  /** When each of these keys was last used; keys never used are missing. */
  async read(keyIds: readonly string[]): Promise<Map<string, Date>> {
    const rows = await this.transactions.read((connection) =>
      connection.query<{ key_id: string; last_used_at: Date }[]>(
        'SELECT key_id, last_used_at FROM key_last_used WHERE key_id = ANY($1::uuid[])',
        [keyIds],
      ),
    );
    return new Map(rows.map((row) => [row.key_id, row.last_used_at]));
  }
}
