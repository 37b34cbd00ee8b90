import { Get, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { NeedsRole } from '../../auth/admin.guard.js';
import { Config } from '../../config/config.js';
import { asGatewayError } from '../../infra/database/database-failure.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { exportHead } from './export-line.js';
import { recordFilter } from './usage-filter.dto.js';
import { UsageExportQuery, type ExportFormat } from './usage-query.dto.js';
import { USAGE_RECORD_SCHEMA } from './usage-record.view.js';
import { UsageExports } from './usage-exports.service.js';

const TYPES: Record<ExportFormat, string> = { csv: 'text/csv; charset=utf-8', ndjson: 'application/x-ndjson' };

/** All call records that fit a filter, as one file. */
@AdminController('usage/export')
@NeedsRole('viewer')
export class UsageExportController {
  constructor(
    private readonly exports: UsageExports,
    private readonly config: Config,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Export call records',
    description:
      'Streamed, newest first, of calls that began before the request. CSV has a head line; text that a spreadsheet would take for a formula begins with an apostrophe. An answer that breaks off is not whole.',
  })
  @ApiOkResponse({
    content: {
      'text/csv': { schema: { type: 'string' } },
      'application/x-ndjson': { schema: USAGE_RECORD_SCHEMA },
    },
  })
  async export(
    @CurrentActor() actor: Actor,
    @Query() query: UsageExportQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const format = query.format ?? 'csv';
    const nowMs = Date.now();
    const filter = recordFilter(query, actor.administrator.orgId);
    // The head of an answer is not worth reading the records for.
    const isEmpty = filter === null || request.method === 'HEAD';
    try {
      const stream = isEmpty
        ? Readable.from([Buffer.from(exportHead(format))], { objectMode: false })
        : await this.exports.open({ ...filter, toMs: Math.min(filter.toMs ?? nowMs, nowMs) }, format);
      // Whoever takes nothing for so long is hung up on.
      reply.raw.setTimeout(this.config.timeouts.stallMs, () => reply.raw.destroy());
      const name = `usage-${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[:-]/g, '')}Z.${format}`;
      return new StreamableFile(stream, { type: TYPES[format], disposition: `attachment; filename="${name}"` });
    } catch (error) {
      throw asGatewayError(error);
    }
  }
}
