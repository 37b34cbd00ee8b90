import { Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Registry } from '../../registry/registry.service.js';
import { AdminController } from '../admin-controller.decorator.js';
import { SnapshotView, snapshotView } from './snapshot.view.js';

/** The catalogue this replica works with: how old and how true. */
@AdminController('snapshot')
export class SnapshotController {
  constructor(private readonly registry: Registry) {}

  @Get()
  @ApiOperation({ summary: 'Version, age and freshness of the catalogue on this replica' })
  @ApiOkResponse({ type: SnapshotView })
  read(): SnapshotView {
    return snapshotView(this.registry.status());
  }
}
