import { Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GatewayError } from '../../../libs/protocol/index.js';
import { NeedsRole } from '../../auth/admin.guard.js';
import { asGatewayError } from '../../infra/database/database-failure.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { emptyPage, type PageView } from '../page.view.js';
import { recordFilter } from './usage-filter.dto.js';
import { UsageQuery } from './usage-query.dto.js';
import { USAGE_RECORD_SCHEMA, type UsageRecordView } from './usage-record.view.js';
import { UsageRecords } from './usage-records.service.js';

const DEFAULT_LIMIT = 50;

/** The call records: one for every call, refused ones too. Newest first. */
@AdminController('usage')
@NeedsRole('viewer')
export class UsageController {
  constructor(private readonly records: UsageRecords) {}

  @Get()
  @ApiOperation({ summary: 'List call records' })
  @ApiOkResponse({
    schema: {
      type: 'object',
      required: ['data', 'next_cursor'],
      properties: {
        data: { type: 'array', items: USAGE_RECORD_SCHEMA },
        next_cursor: { type: ['string', 'null'] as unknown as string },
      },
    },
  })
  async list(@CurrentActor() actor: Actor, @Query() query: UsageQuery): Promise<PageView<UsageRecordView>> {
    const { orgId } = actor.administrator;
    const filter = recordFilter(query, orgId);
    if (filter === null) return emptyPage();
    try {
      if (query.request_id !== undefined) return await this.ofRequest(query.request_id, query, orgId);
      const page = { limit: query.limit ?? DEFAULT_LIMIT, cursor: query.cursor ?? null };
      const { records, nextCursor } = await this.records.list(filter, page);
      return { data: records, next_cursor: nextCursor };
    } catch (error) {
      if (error instanceof RangeError) {
        throw new GatewayError('invalid_request', 'cursor is not one of this list.', { param: 'cursor' });
      }
      throw asGatewayError(error);
    }
  }

  private async ofRequest(
    requestId: string,
    { from }: UsageQuery,
    orgId: string | null,
  ): Promise<PageView<UsageRecordView>> {
    const since = from === undefined ? undefined : Date.parse(from);
    const found = await this.records.ofRequest(requestId, Date.now(), since);
    return { data: found.filter((record) => orgId === null || record.org_id === orgId), next_cursor: null };
  }
}
