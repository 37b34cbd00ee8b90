import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GlobalResource, NeedsRole } from '../../auth/admin.guard.js';
import type { ExpectedVersions } from '../../infra/database/row-version.js';
import { Credentials } from '../../registry/credentials.service.js';
import type { ProviderFacts } from '../../registry/catalogue.js';
import { Providers } from '../../registry/providers.service.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { IfMatch } from '../etag.js';
import { IdPipe } from '../id.pipe.js';
import { ListQuery, pageRequest } from '../list-query.dto.js';
import { ApiPage, type PageView } from '../page.view.js';
import { CatalogueChanges } from '../snapshot/catalogue-changes.service.js';
import { credentialView } from './credential.view.js';
import { baseUrlOf, checkOptions, withFallbacks } from './provider-options.js';
import { ChangeProviderDto, CreateProviderDto, providerPatch } from './provider.dto.js';
import { ProviderView, providerView } from './provider.view.js';

type SourcedView = Omit<ProviderView, 'credentials'>;

/** Vendor accounts. Whoever sets the base URL decides where the credentials go: that needs the role admin. */
@AdminController('providers')
@GlobalResource()
export class ProvidersController {
  constructor(
    private readonly providers: Providers,
    private readonly credentials: Credentials,
    private readonly changes: CatalogueChanges,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List providers with their credentials, secrets excepted' })
  @ApiPage(ProviderView)
  async list(@Query() query: ListQuery): Promise<PageView<ProviderView>> {
    const { items, nextCursor } = await this.providers.list(pageRequest(query));
    return { data: await this.whole(items.map(sourced)), next_cursor: nextCursor };
  }

  @Post()
  @NeedsRole('admin')
  @ApiOperation({ summary: 'Register a provider' })
  @ApiCreatedResponse({ type: ProviderView })
  async create(@CurrentActor() actor: Actor, @Body() body: CreateProviderDto): Promise<ProviderView> {
    const { kind = 'openai-compatible', name } = body;
    const options = withFallbacks(kind, body.options ?? {});
    checkOptions(kind, options);
    const draft = { ...providerPatch(body), name, options, baseUrl: body.base_url ?? baseUrlOf(kind, options) };
    const { after } = await this.changes.record(actor, 'provider.create', async (tx) => {
      return { before: null, after: providerView(await this.providers.create(tx, draft)) };
    });
    return { ...after, source: 'database', credentials: [] };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a provider' })
  @ApiOkResponse({ type: ProviderView })
  async read(@Param('id', IdPipe) id: string): Promise<ProviderView> {
    return this.one(sourced(await this.providers.get(id)));
  }

  @Patch(':id')
  @NeedsRole('admin')
  @ApiOperation({ summary: 'Change a provider; fields left out stay as they are' })
  @ApiOkResponse({ type: ProviderView })
  async change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeProviderDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<ProviderView> {
    // What no database takes must not get as far as one.
    if (body.options !== undefined) checkOptions(body.kind ?? (await this.providers.get(id)).kind, body.options);
    const { after } = await this.changes.record(actor, 'provider.change', async (tx) => {
      const changed = await this.providers.change(tx, id, providerPatch(body), expected);
      // Undoes the change where they do not fit together any more.
      checkOptions(changed.after.kind, changed.after.options);
      return { before: providerView(changed.before), after: providerView(changed.after) };
    });
    return this.one({ ...after, source: 'database' });
  }

  @Put(':id')
  @NeedsRole('admin')
  @ApiOperation({ summary: 'The same as PATCH, for clients of older gateways', deprecated: true })
  @ApiOkResponse({ type: ProviderView })
  async put(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeProviderDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<ProviderView> {
    return this.change(actor, id, body, expected);
  }

  @Delete(':id')
  @NeedsRole('admin')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a provider, its credentials and the backends that use it' })
  @ApiNoContentResponse()
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<void> {
    await this.changes.record(actor, 'provider.delete', async (tx) => {
      const credentials = (await this.credentials.ofProviders([id], tx)).map(credentialView);
      const provider = await this.providers.remove(tx, id, expected);
      return { before: { ...providerView(provider), credentials }, after: null };
    });
  }

  private async one(view: SourcedView): Promise<ProviderView> {
    const [provider] = await this.whole([view]);
    return provider as ProviderView;
  }

  /** With their credentials: one read, however many providers. */
  private async whole(views: readonly SourcedView[]): Promise<ProviderView[]> {
    const credentials = await this.credentials.ofProviders(views.map(({ id }) => id));
    const byProvider = Map.groupBy(credentials, ({ providerId }) => providerId);
    return views.map((view) => ({ ...view, credentials: (byProvider.get(view.id) ?? []).map(credentialView) }));
  }
}

function sourced(provider: ProviderFacts): SourcedView {
  return { ...providerView(provider), source: provider.source };
}
