import { ApiProperty } from '@nestjs/swagger';
import type { RegistryStatus } from '../../registry/registry.service.js';

export class SnapshotView {
  @ApiProperty({ description: 'Revision of the catalogue in force on this replica; rises with every change.' })
  version!: number;

  @ApiProperty({ description: 'Since the catalogue was last read, in milliseconds.' })
  age_ms!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Since it was last compared with the database, in milliseconds; null: never.',
  })
  compared_ms_ago!: number | null;

  @ApiProperty({ description: 'Whether it was compared with the database within three polls.' })
  fresh!: boolean;

  @ApiProperty({ description: 'Active models.' })
  models!: number;

  @ApiProperty({ description: 'Active backends of active models.' })
  backends!: number;

  @ApiProperty({ description: 'Active providers.' })
  providers!: number;
}

export function snapshotView(status: RegistryStatus): SnapshotView {
  return {
    version: Number(status.revision),
    age_ms: Math.round(status.ageMs),
    compared_ms_ago: Number.isFinite(status.comparedMsAgo) ? Math.round(status.comparedMsAgo) : null,
    fresh: status.fresh,
    models: status.models,
    backends: status.backends,
    providers: status.providers,
  };
}
