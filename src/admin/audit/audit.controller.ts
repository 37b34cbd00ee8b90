import { Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GatewayError } from '../../../libs/protocol/index.js';
import { NeedsRole } from '../../auth/admin.guard.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { pageRequest } from '../list-query.dto.js';
import { ApiPage, pageView, type PageView } from '../page.view.js';
import { AuditListQuery } from './audit-query.dto.js';
import { AuditLog } from './audit-log.service.js';
import { AuditEntryView, auditEntryView, ChainVerdictView, chainVerdictView } from './audit.view.js';

/** What was changed through the admin API, by whom and from where. Newest first. */
@AdminController('audit')
@NeedsRole('admin')
export class AuditController {
  constructor(private readonly audit: AuditLog) {}

  @Get()
  @ApiOperation({ summary: 'List changes' })
  @ApiPage(AuditEntryView)
  async list(@CurrentActor() actor: Actor, @Query() query: AuditListQuery): Promise<PageView<AuditEntryView>> {
    const filter = {
      orgId: actor.administrator.orgId,
      resource: query.resource ?? null,
      resourceId: query.resource_id ?? null,
      action: query.action ?? null,
    };
    return pageView(await this.audit.list(pageRequest(query), filter), auditEntryView);
  }

  @Get('verify')
  @ApiOperation({ summary: 'Check that no entry was changed, removed or added behind the back of the gateway' })
  @ApiOkResponse({ type: ChainVerdictView })
  async verify(@CurrentActor() actor: Actor): Promise<ChainVerdictView> {
    if (actor.administrator.orgId !== null) {
      throw new GatewayError(
        'insufficient_scope',
        'The admin key is bound to an organisation; the chain belongs to all of them.',
      );
    }
    return chainVerdictView(await this.audit.verify());
  }
}
