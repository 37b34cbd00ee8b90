import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GlobalResource } from '../../auth/admin.guard.js';
import type { ExpectedVersions } from '../../infra/database/row-version.js';
import type { Transaction } from '../../infra/database/transactions.js';
import { Backends } from '../../registry/backends.service.js';
import { Models } from '../../registry/models.service.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { backendPatch, type BackendDto } from '../backends/backend.dto.js';
import { backendView, liveBackendView, type BackendView } from '../backends/backend.view.js';
import { checkCredentialReach } from '../backends/credential-reach.js';
import { IfMatch } from '../etag.js';
import { IdPipe } from '../id.pipe.js';
import { ListQuery, pageRequest } from '../list-query.dto.js';
import { ApiPage, type PageView } from '../page.view.js';
import { CatalogueChanges } from '../snapshot/catalogue-changes.service.js';
import { ChangeModelDto, CreateModelDto } from './model.dto.js';
import { modelPatch } from './model-patch.js';
import { ModelView, modelView, type BareModelView } from './model.view.js';

/** What callers may name as `model`. */
@AdminController('models')
@GlobalResource()
export class ModelsController {
  constructor(
    private readonly models: Models,
    private readonly backends: Backends,
    private readonly changes: CatalogueChanges,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List models with their backends' })
  @ApiPage(ModelView)
  async list(@Query() query: ListQuery): Promise<PageView<ModelView>> {
    const { items, nextCursor } = await this.models.list(pageRequest(query));
    return { data: await this.whole(items.map(modelView)), next_cursor: nextCursor };
  }

  @Post()
  @ApiOperation({ summary: 'Register a model, with its first backends if wanted' })
  @ApiCreatedResponse({ type: ModelView })
  async create(@CurrentActor() actor: Actor, @Body() body: CreateModelDto): Promise<ModelView> {
    const patch = { ...modelPatch(body), name: body.name };
    const { after } = await this.changes.record(actor, 'model.create', async (tx) => {
      const model = await this.models.create(tx, patch);
      const backends = await this.createBackends(tx, actor, model.id, body.backends ?? []);
      return { before: null, after: { ...modelView(model), backends } };
    });
    return this.one(after);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a model' })
  @ApiOkResponse({ type: ModelView })
  async read(@Param('id', IdPipe) id: string): Promise<ModelView> {
    return this.one(modelView(await this.models.get(id)));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a model; fields left out stay as they are' })
  @ApiOkResponse({ type: ModelView })
  async change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeModelDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<ModelView> {
    const patch = modelPatch(body);
    const { after } = await this.changes.record(actor, 'model.change', async (tx) => {
      const changed = await this.models.change(tx, id, patch, expected);
      return { before: modelView(changed.before), after: modelView(changed.after) };
    });
    return this.one(after);
  }

  @Put(':id')
  @ApiOperation({ summary: 'The same as PATCH, for clients of older gateways', deprecated: true })
  @ApiOkResponse({ type: ModelView })
  async put(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeModelDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<ModelView> {
    return this.change(actor, id, body, expected);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a model and its backends' })
  @ApiNoContentResponse()
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<void> {
    await this.changes.record(actor, 'model.delete', async (tx) => {
      const backends = (await this.backends.ofModels([id], tx)).map(backendView);
      const model = await this.models.remove(tx, id, expected);
      return { before: { ...modelView(model), backends }, after: null };
    });
  }

  private async createBackends(
    tx: Transaction,
    actor: Actor,
    modelId: string,
    drafts: readonly BackendDto[],
  ): Promise<BackendView[]> {
    const views: BackendView[] = [];
    for (const [index, draft] of drafts.entries()) {
      const backend = await this.backends.create(tx, modelId, backendPatch(draft), `backends[${index}].`);
      checkCredentialReach(actor, null, backend);
      views.push(backendView(backend));
    }
    return views;
  }

  private async one(view: BareModelView): Promise<ModelView> {
    const [model] = await this.whole([view]);
    return model as ModelView;
  }

  /** With their backends and the health of each: two reads, however many models. */
  private async whole(views: readonly BareModelView[]): Promise<ModelView[]> {
    const backends = await this.backends.ofModels(views.map(({ id }) => id));
    const health = await this.backends.health(backends.map(({ id }) => id));
    const byModel = Map.groupBy(backends, ({ modelId }) => modelId);
    return views.map((view) => {
      const own = byModel.get(view.id) ?? [];
      return { ...view, backends: own.map((backend) => liveBackendView(backendView(backend), health.get(backend.id))) };
    });
  }
}
