import { ApiProperty } from '@nestjs/swagger';
import type { BackendHealthRow } from '../../registry/backend-health.repository.js';
import type { Backend } from '../../registry/catalogue.js';
import { TimeoutsView, timeoutsView } from './timeouts.dto.js';

export class BackendView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  model_id!: string;

  @ApiProperty({ type: 'string', format: 'uuid', nullable: true })
  provider_id!: string | null;

  @ApiProperty({ type: 'string', nullable: true, description: "null: the provider's base URL." })
  url!: string | null;

  @ApiProperty()
  weight!: number;

  @ApiProperty()
  priority!: number;

  @ApiProperty()
  active!: boolean;

  @ApiProperty({ type: TimeoutsView })
  timeouts!: TimeoutsView;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ description: 'Rises with every change; also the ETag.' })
  version!: number;
}

/** A backend with what probes say of it. */
export class LiveBackendView extends BackendView {
  @ApiProperty()
  healthy!: boolean;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, description: 'null: not yet.' })
  last_health_check!: string | null;
}

export class BackendHealthView {
  @ApiProperty({ format: 'uuid' })
  backend_id!: string;

  @ApiProperty()
  healthy!: boolean;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, description: 'Last probe; null: none yet.' })
  checked_at!: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, description: 'When the verdict last changed.' })
  changed_at!: string | null;

  @ApiProperty({ type: 'string', nullable: true, description: 'What the last failed probe met; null: it succeeded.' })
  last_error!: string | null;

  @ApiProperty({ description: 'Probes in a row that succeeded.' })
  successes!: number;

  @ApiProperty({ description: 'Probes in a row that failed.' })
  failures!: number;
}

export function backendView(backend: Backend): BackendView {
  return {
    id: backend.id,
    model_id: backend.modelId,
    provider_id: backend.providerId,
    url: backend.url,
    weight: backend.weight,
    priority: backend.priority,
    active: backend.active,
    timeouts: timeoutsView(backend.timeouts),
    created_at: backend.createdAt.toISOString(),
    updated_at: backend.updatedAt.toISOString(),
    version: backend.version,
  };
}

/** @param health `undefined`: nothing is known yet, so it may take calls */
export function liveBackendView(view: BackendView, health: BackendHealthRow | undefined): LiveBackendView {
  return {
    ...view,
    healthy: health?.healthy ?? true,
    last_health_check: health?.checkedAt?.toISOString() ?? null,
  };
}

export function backendHealthView(row: BackendHealthRow): BackendHealthView {
  return {
    backend_id: row.backendId,
    healthy: row.healthy,
    checked_at: row.checkedAt?.toISOString() ?? null,
    changed_at: row.changedAt?.toISOString() ?? null,
    last_error: row.lastError,
    successes: row.successes,
    failures: row.failures,
  };
}
