import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** What is said on this channel: the id of an organisation whose shared counters were lost. */
export const LOST_COUNTERS_CHANNEL = 'og_lost_counters';

/** Tells all replicas, this one included, that shared counters were lost: what their calls under way reserve is to be said again. */
@Injectable()
export class LostCounters {
  constructor(private readonly dataSource: DataSource) {}

  async announce(orgId: string): Promise<void> {
    await this.dataSource.query(`SELECT pg_notify('${LOST_COUNTERS_CHANNEL}', $1)`, [orgId]);
  }
}
