import { Controller, Get, Query, Req, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { AuthGuard, NeedsScope } from '../auth/auth.guard.js';
import { exchangeOf } from '../exchange/exchange-opening.js';
import { asGatewayError } from '../infra/database/database-failure.js';
import { questionFailure, reportQuestion } from '../usage/report-question.js';
import { UsageReports, type UsageReportView } from '../usage/usage-report.service.js';

/** What the calls of the caller's project came to. */
@ApiExcludeController()
@Controller('v1/metrics')
@UseGuards(AuthGuard)
@NeedsScope('metrics')
export class ProjectMetricsController {
  constructor(private readonly reports: UsageReports) {}

  @Get()
  async report(@Req() request: FastifyRequest, @Query() query: Record<string, unknown>): Promise<UsageReportView> {
    const { caller } = exchangeOf(request);
    if (caller === null) throw new Error('AuthGuard did not find a caller');
    const question = reportQuestion(query);
    const { orgId, projectId, timeZone } = caller;
    const subject = { scope: 'project', orgId, projectId, timeZone } as const;
    try {
      return await this.reports.report(subject, question, Date.now());
    } catch (error) {
      throw asGatewayError(questionFailure(error));
    }
  }
}
