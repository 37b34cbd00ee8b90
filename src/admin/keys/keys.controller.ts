import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { NeedsRole } from '../../auth/admin.guard.js';
import type { ExpectedVersions } from '../../infra/database/row-version.js';
import { ApiKeys } from '../../tenancy/api-keys.service.js';
import { KeyDirectory } from '../../tenancy/key-directory.service.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { AuditLog } from '../audit/audit-log.service.js';
import { IfMatch } from '../etag.js';
import { IdPipe } from '../id.pipe.js';
import { pageRequest } from '../list-query.dto.js';
import { ApiPage, emptyPage, type PageView } from '../page.view.js';
import { ChangeKeyDto, CreateKeyDto, graceSeconds, KeyListQuery, keyPatch, RotateKeyDto } from './key.dto.js';
import { IssuedKeyView, KeyView, keyView, UsedKeyView, usedKeyView } from './key.view.js';

/** Client keys. Whatever makes a secret needs the role admin; a secret is shown in the answer that made it, and never again. */
@AdminController('keys')
export class KeysController {
  constructor(
    private readonly keys: ApiKeys,
    private readonly directory: KeyDirectory,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List keys, revoked ones included' })
  @ApiPage(UsedKeyView)
  async list(@CurrentActor() actor: Actor, @Query() query: KeyListQuery): Promise<PageView<UsedKeyView>> {
    const only = actor.administrator.orgId;
    if (only !== null && query.org_id !== undefined && query.org_id !== only) return emptyPage();
    const filter = { orgId: query.org_id ?? only, projectId: query.project_id ?? null };
    const page = await this.keys.list(pageRequest(query), filter);
    const lastUsed = await this.keys.lastUsedAt(page.items);
    return { data: page.items.map((key) => usedKeyView(key, lastUsed.get(key.id))), next_cursor: page.nextCursor };
  }

  @Post()
  @NeedsRole('admin')
  @ApiOperation({ summary: 'Create a key; the secret is shown this once' })
  @ApiCreatedResponse({ type: IssuedKeyView })
  async create(@CurrentActor() actor: Actor, @Body() body: CreateKeyDto): Promise<IssuedKeyView> {
    const { after, secret } = await this.audit.record(actor, 'key.create', async (tx) => {
      const draft = { ...keyPatch(body), name: body.name };
      const issued = await this.keys.create(tx, draft, body.project_id ?? null, actor.administrator.orgId);
      return { before: null, after: keyView(issued.row), orgId: issued.orgId, secret: issued.secret };
    });
    this.directory.invalidate('key', after.id);
    return { key: secret, api_key: after };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a key' })
  @ApiOkResponse({ type: UsedKeyView })
  async read(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<UsedKeyView> {
    const key = await this.keys.get(id, actor.administrator.orgId);
    return usedKeyView(key, (await this.keys.lastUsedAt([key])).get(id));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a key; fields left out stay as they are' })
  @ApiOkResponse({ type: KeyView })
  async change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeKeyDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<KeyView> {
    const reach = { only: actor.administrator.orgId, expected };
    const { after } = await this.audit.record(actor, 'key.change', async (tx) => {
      const changed = await this.keys.change(tx, id, keyPatch(body), reach);
      return { before: keyView(changed.before), after: keyView(changed.after), orgId: changed.orgId };
    });
    this.directory.invalidate('key', id);
    return after;
  }

  @Put(':id')
  @ApiOperation({ summary: 'The same as PATCH, for clients of older gateways', deprecated: true })
  @ApiOkResponse({ type: KeyView })
  async put(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeKeyDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<KeyView> {
    return this.change(actor, id, body, expected);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a key; what it used stays in the ledger' })
  @ApiNoContentResponse()
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<void> {
    await this.audit.record(actor, 'key.delete', async (tx) => {
      const { row, orgId } = await this.keys.remove(tx, id, { only: actor.administrator.orgId, expected });
      return { before: keyView(row), after: null, orgId };
    });
    this.directory.invalidate('key', id);
  }

  @Post(':id/rotate')
  @NeedsRole('admin')
  @HttpCode(200)
  @ApiOperation({ summary: 'Give a key a new secret; the old one stays valid for a grace period' })
  @ApiOkResponse({ type: IssuedKeyView })
  async rotate(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: RotateKeyDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<IssuedKeyView> {
    const reach = { only: actor.administrator.orgId, expected };
    const { after, secret } = await this.audit.record(actor, 'key.rotate', async (tx) => {
      const rotated = await this.keys.rotate(tx, id, graceSeconds(body), reach);
      return {
        before: keyView(rotated.before),
        after: keyView(rotated.after),
        orgId: rotated.orgId,
        secret: rotated.secret,
      };
    });
    this.directory.invalidate('key', id);
    return { key: secret, api_key: after };
  }

  @Post(':id/revoke')
  @HttpCode(200)
  @ApiOperation({ summary: 'End a key for good' })
  @ApiOkResponse({ type: KeyView })
  async revoke(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<KeyView> {
    const { after } = await this.audit.record(actor, 'key.revoke', async (tx) => {
      const revoked = await this.keys.revoke(tx, id, { only: actor.administrator.orgId, expected });
      return { before: keyView(revoked.before), after: keyView(revoked.after), orgId: revoked.orgId };
    });
    this.directory.invalidate('key', id);
    return after;
  }
}
