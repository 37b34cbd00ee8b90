import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GatewayError } from '../../../libs/protocol/index.js';
import { GlobalResource } from '../../auth/admin.guard.js';
import type { ExpectedVersions } from '../../infra/database/row-version.js';
import { KeyDirectory } from '../../tenancy/key-directory.service.js';
import { Organisations } from '../../tenancy/organisations.service.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { AuditLog } from '../audit/audit-log.service.js';
import { IfMatch } from '../etag.js';
import { IdPipe } from '../id.pipe.js';
import { limitsPatch } from '../limits.dto.js';
import { ListQuery, pageRequest } from '../list-query.dto.js';
import { ApiPage, pageView, type PageView } from '../page.view.js';
import { ChangeOrgDto, CreateOrgDto, orgPatch } from './org.dto.js';
import { OrgView, orgView } from './org.view.js';

/**
 * Organisations. The pattern every resource of the admin API follows: the DTO says what may come in, the room's service
 * does the change inside `AuditLog.record`, the view says what goes out.
 */
@AdminController('orgs', { alias: true })
export class OrgsController {
  constructor(
    private readonly orgs: Organisations,
    private readonly directory: KeyDirectory,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List organisations' })
  @ApiPage(OrgView)
  async list(@CurrentActor() actor: Actor, @Query() query: ListQuery): Promise<PageView<OrgView>> {
    return pageView(await this.orgs.list(pageRequest(query), actor.administrator.orgId), orgView);
  }

  @Post()
  @GlobalResource()
  @ApiOperation({ summary: 'Create an organisation' })
  @ApiCreatedResponse({ type: OrgView })
  async create(@CurrentActor() actor: Actor, @Body() body: CreateOrgDto): Promise<OrgView> {
    const { after } = await this.audit.record(actor, 'org.create', async (tx) => {
      const org = await this.orgs.create(tx, { ...orgPatch(body), name: body.name });
      return { before: null, after: orgView(org), orgId: org.id };
    });
    return after;
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an organisation' })
  @ApiOkResponse({ type: OrgView })
  async read(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<OrgView> {
    return orgView(await this.orgs.get(id, actor.administrator.orgId));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change an organisation; fields left out stay as they are' })
  @ApiOkResponse({ type: OrgView })
  async change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeOrgDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<OrgView> {
    checkReach(actor, id, body);
    const { after } = await this.audit.record(actor, 'org.change', async (tx) => {
      const changed = await this.orgs.change(tx, id, orgPatch(body), expected);
      return { before: orgView(changed.before), after: orgView(changed.after), orgId: id };
    });
    this.directory.invalidate('org', id);
    return after;
  }

  @Put(':id')
  @ApiOperation({ summary: 'The same as PATCH, for clients of older gateways', deprecated: true })
  @ApiOkResponse({ type: OrgView })
  async put(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeOrgDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<OrgView> {
    return this.change(actor, id, body, expected);
  }

  @Delete(':id')
  @GlobalResource()
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete an organisation without projects; the default one cannot be deleted' })
  @ApiNoContentResponse()
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<void> {
    await this.audit.record(actor, 'org.delete', async (tx) => {
      const org = await this.orgs.remove(tx, id, expected);
      return { before: orgView(org), after: null, orgId: id };
    });
  }
}

/** An administrator bound to an organisation may rename it, but not lift the limits others set for it. */
function checkReach(actor: Actor, id: string, body: ChangeOrgDto): void {
  const only = actor.administrator.orgId;
  if (only === null) return;
  if (only !== id) throw new GatewayError('not_found', 'There is no such organisation.');
  const [limit] = Object.keys(limitsPatch(body));
  if (limit !== undefined) {
    throw new GatewayError(
      'insufficient_scope',
      'The limits of an organisation are set by administrators of all organisations.',
    );
  }
}
