import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { NeedsRole } from '../../auth/admin.guard.js';
import type { ExpectedVersions } from '../../infra/database/row-version.js';
import { AdminKeys } from '../../tenancy/admin-keys.service.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { AuditLog } from '../audit/audit-log.service.js';
import { IfMatch } from '../etag.js';
import { IdPipe } from '../id.pipe.js';
import { ListQuery, pageRequest } from '../list-query.dto.js';
import { ApiPage, pageView, type PageView } from '../page.view.js';
import { adminPatch, ChangeAdminDto, CreateAdminDto } from './admin.dto.js';
import { AdminView, adminView, IssuedAdminView } from './admin.view.js';

/** Admin keys: read by admins, changed by owners. An owner bound to an organisation manages its administrators only. */
@AdminController('admins')
@NeedsRole('owner')
export class AdminsController {
  constructor(
    private readonly admins: AdminKeys,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @NeedsRole('admin')
  @ApiOperation({ summary: 'List admin keys' })
  @ApiPage(AdminView)
  async list(@CurrentActor() actor: Actor, @Query() query: ListQuery): Promise<PageView<AdminView>> {
    return pageView(await this.admins.list(pageRequest(query), actor.administrator.orgId), adminView);
  }

  @Post()
  @ApiOperation({ summary: 'Create an admin key; the secret is shown this once' })
  @ApiCreatedResponse({ type: IssuedAdminView })
  async create(@CurrentActor() actor: Actor, @Body() body: CreateAdminDto): Promise<IssuedAdminView> {
    const only = actor.administrator.orgId;
    const { after, secret } = await this.audit.record(actor, 'admin.create', async (tx) => {
      const draft = { ...adminPatch(body), name: body.name, role: body.role };
      const issued = await this.admins.create(tx, draft, body.org_id ?? only, only);
      return { before: null, after: adminView(issued.row), orgId: issued.row.orgId, secret: issued.secret };
    });
    return { key: secret, admin: after };
  }

  @Get(':id')
  @NeedsRole('admin')
  @ApiOperation({ summary: 'Read an admin key' })
  @ApiOkResponse({ type: AdminView })
  async read(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<AdminView> {
    return adminView(await this.admins.get(id, actor.administrator.orgId));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change an admin key; fields left out stay as they are' })
  @ApiOkResponse({ type: AdminView })
  async change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeAdminDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<AdminView> {
    const reach = { only: actor.administrator.orgId, expected };
    const { after } = await this.audit.record(actor, 'admin.change', async (tx) => {
      const changed = await this.admins.change(tx, id, adminPatch(body), reach);
      return { before: adminView(changed.before), after: adminView(changed.after), orgId: changed.after.orgId };
    });
    return after;
  }

  @Put(':id')
  @ApiOperation({ summary: 'The same as PATCH, for clients of older gateways', deprecated: true })
  @ApiOkResponse({ type: AdminView })
  async put(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeAdminDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<AdminView> {
    return this.change(actor, id, body, expected);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete an admin key' })
  @ApiNoContentResponse()
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<void> {
    await this.audit.record(actor, 'admin.delete', async (tx) => {
      const admin = await this.admins.remove(tx, id, { only: actor.administrator.orgId, expected });
      return { before: adminView(admin), after: null, orgId: admin.orgId };
    });
  }
}
