import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GlobalResource } from '../../auth/admin.guard.js';
import type { ExpectedVersions } from '../../infra/database/row-version.js';
import { Backends } from '../../registry/backends.service.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { IfMatch } from '../etag.js';
import { IdPipe } from '../id.pipe.js';
import { ListQuery, pageRequest } from '../list-query.dto.js';
import { ApiPage, pageView, type PageView } from '../page.view.js';
import { CatalogueChanges } from '../snapshot/catalogue-changes.service.js';
import { BackendDto, backendPatch } from './backend.dto.js';
import { LiveBackendView, backendView, liveBackendView, type BackendView } from './backend.view.js';
import { checkCredentialReach } from './credential-reach.js';

/** Where a model runs. */
@AdminController('models/:modelId/backends')
@GlobalResource()
export class BackendsController {
  constructor(
    private readonly backends: Backends,
    private readonly changes: CatalogueChanges,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List the backends of a model' })
  @ApiPage(LiveBackendView)
  async list(@Param('modelId', IdPipe) modelId: string, @Query() query: ListQuery): Promise<PageView<LiveBackendView>> {
    const page = await this.backends.list(modelId, pageRequest(query));
    const health = await this.backends.health(page.items.map(({ id }) => id));
    return pageView(page, (backend) => liveBackendView(backendView(backend), health.get(backend.id)));
  }

  @Post()
  @ApiOperation({ summary: 'Add a backend to a model' })
  @ApiCreatedResponse({ type: LiveBackendView })
  async create(
    @CurrentActor() actor: Actor,
    @Param('modelId', IdPipe) modelId: string,
    @Body() body: BackendDto,
  ): Promise<LiveBackendView> {
    const { after } = await this.changes.record(actor, 'backend.create', async (tx) => {
      const backend = await this.backends.create(tx, modelId, backendPatch(body));
      checkCredentialReach(actor, null, backend);
      return { before: null, after: backendView(backend) };
    });
    return this.live(after);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a backend' })
  @ApiOkResponse({ type: LiveBackendView })
  async read(@Param('modelId', IdPipe) modelId: string, @Param('id', IdPipe) id: string): Promise<LiveBackendView> {
    return this.live(backendView(await this.backends.get(modelId, id)));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a backend; fields left out stay as they are' })
  @ApiOkResponse({ type: LiveBackendView })
  async change(
    @CurrentActor() actor: Actor,
    @Param('modelId', IdPipe) modelId: string,
    @Param('id', IdPipe) id: string,
    @Body() body: BackendDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<LiveBackendView> {
    const { after } = await this.changes.record(actor, 'backend.change', async (tx) => {
      const changed = await this.backends.change(tx, { modelId, id }, backendPatch(body), expected);
      checkCredentialReach(actor, changed.before, changed.after);
      return { before: backendView(changed.before), after: backendView(changed.after) };
    });
    return this.live(after);
  }

  @Put(':id')
  @ApiOperation({ summary: 'The same as PATCH, for clients of older gateways', deprecated: true })
  @ApiOkResponse({ type: LiveBackendView })
  async put(
    @CurrentActor() actor: Actor,
    @Param('modelId', IdPipe) modelId: string,
    @Param('id', IdPipe) id: string,
    @Body() body: BackendDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<LiveBackendView> {
    return this.change(actor, modelId, id, body, expected);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Take a backend away' })
  @ApiNoContentResponse()
  async remove(
    @CurrentActor() actor: Actor,
    @Param('modelId', IdPipe) modelId: string,
    @Param('id', IdPipe) id: string,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<void> {
    await this.changes.record(actor, 'backend.delete', async (tx) => {
      const backend = await this.backends.remove(tx, { modelId, id }, expected);
      return { before: backendView(backend), after: null };
    });
  }

  private async live(view: BackendView): Promise<LiveBackendView> {
    return liveBackendView(view, (await this.backends.health([view.id])).get(view.id));
  }
}
