import { Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Backends } from '../../registry/backends.service.js';
import { AdminController } from '../admin-controller.decorator.js';
import { IdPipe } from '../id.pipe.js';
import { BackendHealthView, backendHealthView } from './backend.view.js';

/** What all replicas together know about a backend. */
@AdminController('backends')
export class BackendHealthController {
  constructor(private readonly backends: Backends) {}

  @Get(':id/health')
  @ApiOperation({ summary: 'The last verdict on a backend' })
  @ApiOkResponse({ type: BackendHealthView })
  async read(@Param('id', IdPipe) id: string): Promise<BackendHealthView> {
    return backendHealthView(await this.backends.healthOf(id));
  }
}
