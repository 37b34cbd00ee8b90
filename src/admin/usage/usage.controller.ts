import { Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GatewayError } from '../../../libs/protocol/index.js';
import { NeedsRole } from '../../auth/admin.guard.js';
import { asGatewayError } from '../../infra/database/database-failure.js';
import type { CallRecord } from '../../ledger/call-record.js';
import { CallRecordRepository, type CallRecordFilter } from '../../ledger/call-record.repository.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { emptyPage, type PageView } from '../page.view.js';
import { UsageQuery } from './usage-query.dto.js';

const DEFAULT_LIMIT = 50;

/** The call records: one for every call, refused ones too. Newest first. */
@AdminController('usage')
@NeedsRole('viewer')
export class UsageController {
  constructor(private readonly records: CallRecordRepository) {}

  @Get()
  @ApiOperation({ summary: 'List call records' })
  @ApiOkResponse({ description: '`{data, next_cursor}`; the fields are the columns of `call_records`.' })
  async list(@CurrentActor() actor: Actor, @Query() query: UsageQuery): Promise<PageView<CallRecord>> {
    const { orgId } = actor.administrator;
    if (orgId !== null && query.org_id !== undefined && query.org_id !== orgId) return emptyPage();
    try {
      return query.request_id === undefined
        ? await this.page(query, orgId)
        : await this.ofRequest(query.request_id, query, orgId);
    } catch (error) {
      if (error instanceof RangeError) {
        throw new GatewayError('invalid_request', 'cursor is not one of this list.', { param: 'cursor' });
      }
      throw asGatewayError(error);
    }
  }

  private async page(query: UsageQuery, orgId: string | null): Promise<PageView<CallRecord>> {
    const page = { limit: query.limit ?? DEFAULT_LIMIT, cursor: query.cursor ?? null };
    const { records, nextCursor } = await this.records.list(filterOf(query, orgId), page);
    return { data: records, next_cursor: nextCursor };
  }

  private async ofRequest(
    requestId: string,
    { from }: UsageQuery,
    orgId: string | null,
  ): Promise<PageView<CallRecord>> {
    const since = from === undefined ? undefined : Date.parse(from);
    const found = await this.records.findByRequestId(requestId, Date.now(), since);
    return { data: found.filter((record) => orgId === null || record.org_id === orgId), next_cursor: null };
  }
}

function filterOf(query: UsageQuery, orgId: string | null): CallRecordFilter {
  const filter: CallRecordFilter = {};
  const org = orgId ?? query.org_id;
  if (org !== undefined) filter.orgId = org;
  if (query.project_id !== undefined) filter.projectId = query.project_id;
  if (query.key_id !== undefined) filter.keyId = query.key_id;
  if (query.model !== undefined) filter.model = query.model;
  if (query.outcome !== undefined) filter.outcome = query.outcome;
  if (query.from !== undefined) filter.fromMs = Date.parse(query.from);
  if (query.to !== undefined) filter.toMs = Date.parse(query.to);
  return filter;
}
