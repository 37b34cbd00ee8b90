import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GlobalResource, NeedsRole } from '../../auth/admin.guard.js';
import type { ExpectedVersions } from '../../infra/database/row-version.js';
import { Credentials } from '../../registry/credentials.service.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { IfMatch } from '../etag.js';
import { IdPipe } from '../id.pipe.js';
import { ListQuery, pageRequest } from '../list-query.dto.js';
import { ApiPage, pageView, type PageView } from '../page.view.js';
import { CatalogueChanges } from '../snapshot/catalogue-changes.service.js';
import { ChangeCredentialDto, CreateCredentialDto, credentialPatch } from './credential.dto.js';
import { CredentialView, credentialView } from './credential.view.js';

/** The upstream keys of a provider. Secrets go in and never come out. */
@AdminController('providers/:providerId/credentials')
@GlobalResource()
export class CredentialsController {
  constructor(
    private readonly credentials: Credentials,
    private readonly changes: CatalogueChanges,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List the credentials of a provider, secrets excepted' })
  @ApiPage(CredentialView)
  async list(
    @Param('providerId', IdPipe) providerId: string,
    @Query() query: ListQuery,
  ): Promise<PageView<CredentialView>> {
    return pageView(await this.credentials.list(providerId, pageRequest(query)), credentialView);
  }

  @Post()
  @NeedsRole('admin')
  @ApiOperation({ summary: 'Add a credential to the pool of a provider' })
  @ApiCreatedResponse({ type: CredentialView })
  async create(
    @CurrentActor() actor: Actor,
    @Param('providerId', IdPipe) providerId: string,
    @Body() body: CreateCredentialDto,
  ): Promise<CredentialView> {
    const draft = { ...credentialPatch(body), secret: body.secret };
    const { after } = await this.changes.record(actor, 'credential.create', async (tx) => {
      return { before: null, after: credentialView(await this.credentials.create(tx, providerId, draft)) };
    });
    return after;
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a credential, its secret excepted' })
  @ApiOkResponse({ type: CredentialView })
  async read(
    @Param('providerId', IdPipe) providerId: string,
    @Param('id', IdPipe) id: string,
  ): Promise<CredentialView> {
    return credentialView(await this.credentials.get(providerId, id));
  }

  @Patch(':id')
  @NeedsRole('admin')
  @ApiOperation({ summary: 'Change a credential; a secret that is sent replaces the stored one' })
  @ApiOkResponse({ type: CredentialView })
  async change(
    @CurrentActor() actor: Actor,
    @Param('providerId', IdPipe) providerId: string,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeCredentialDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<CredentialView> {
    const { after } = await this.changes.record(actor, 'credential.change', async (tx) => {
      const changed = await this.credentials.change(tx, { providerId, id }, credentialPatch(body), expected);
      return { before: credentialView(changed.before), after: credentialView(changed.after) };
    });
    return after;
  }

  @Put(':id')
  @NeedsRole('admin')
  @ApiOperation({ summary: 'The same as PATCH, for clients of older gateways', deprecated: true })
  @ApiOkResponse({ type: CredentialView })
  async put(
    @CurrentActor() actor: Actor,
    @Param('providerId', IdPipe) providerId: string,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeCredentialDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<CredentialView> {
    return this.change(actor, providerId, id, body, expected);
  }

  @Delete(':id')
  @NeedsRole('admin')
  @HttpCode(204)
  @ApiOperation({ summary: 'Take a credential out of the pool' })
  @ApiNoContentResponse()
  async remove(
    @CurrentActor() actor: Actor,
    @Param('providerId', IdPipe) providerId: string,
    @Param('id', IdPipe) id: string,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<void> {
    await this.changes.record(actor, 'credential.delete', async (tx) => {
      const credential = await this.credentials.remove(tx, { providerId, id }, expected);
      return { before: credentialView(credential), after: null };
    });
  }
}
