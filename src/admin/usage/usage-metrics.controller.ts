import { applyDecorators, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery } from '@nestjs/swagger';
import { NeedsRole } from '../../auth/admin.guard.js';
import { asGatewayError } from '../../infra/database/database-failure.js';
import { USAGE_GRANULARITIES, USAGE_GROUPS } from '../../ledger/rollup.repository.js';
import { Organisations } from '../../tenancy/organisations.service.js';
import { Projects } from '../../tenancy/projects.service.js';
import { questionFailure, reportQuestion } from '../../usage/report-question.js';
import {
  USAGE_RANGES,
  UsageReports,
  type ReportSubject,
  type UsageReportView,
} from '../../usage/usage-report.service.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { IdPipe } from '../id.pipe.js';

const moment = (name: string, description: string): MethodDecorator =>
  ApiQuery({ name, required: false, description, schema: { type: 'string', format: 'date-time' } });

/** The parameters of every question for figures. */
const AsksForFigures = (summary: string): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiQuery({ name: 'range', required: false, enum: USAGE_RANGES, description: 'Default: 24h.' }),
    moment('from', 'From this moment on; not with range.'),
    moment('to', 'Before this moment; default: now.'),
    ApiQuery({ name: 'group_by', required: false, enum: USAGE_GROUPS, description: 'Default: model.' }),
    ApiQuery({
      name: 'granularity',
      required: false,
      enum: USAGE_GRANULARITIES,
      description:
        'Default: by the length of the range. By the minute for 6 hours at most; else whole hours (UTC) count. Days are those of the organisation.',
    }),
    ApiOkResponse({ description: 'Totals with percentiles, breakdown, time series.' }),
  );

/** What the calls of an organisation came to. */
@AdminController('orgs/:id/metrics', { alias: true })
@NeedsRole('viewer')
export class OrgMetricsController {
  constructor(
    private readonly reports: UsageReports,
    private readonly orgs: Organisations,
  ) {}

  @Get()
  @AsksForFigures('Figures of an organisation')
  async report(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<UsageReportView> {
    const org = await this.orgs.get(id, actor.administrator.orgId);
    return answer(this.reports, { scope: 'org', orgId: org.id, projectId: null, timeZone: org.timeZone }, query);
  }
}

/** What the calls of a project came to. */
@AdminController('projects/:id/metrics', { alias: true })
@NeedsRole('viewer')
export class ProjectMetricsController {
  constructor(
    private readonly reports: UsageReports,
    private readonly projects: Projects,
    private readonly orgs: Organisations,
  ) {}

  @Get()
  @AsksForFigures('Figures of a project')
  async report(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<UsageReportView> {
    const project = await this.projects.get(id, actor.administrator.orgId);
    const { timeZone } = await this.orgs.get(project.orgId, null);
    return answer(this.reports, { scope: 'project', orgId: project.orgId, projectId: project.id, timeZone }, query);
  }
}

/** What all calls came to. */
@AdminController('usage/summary')
@NeedsRole('viewer')
export class UsageSummaryController {
  constructor(
    private readonly reports: UsageReports,
    private readonly orgs: Organisations,
  ) {}

  @Get()
  @AsksForFigures('Figures of everyone; for an administrator bound to an organisation, of that one')
  async report(@CurrentActor() actor: Actor, @Query() query: Record<string, unknown>): Promise<UsageReportView> {
    const { orgId } = actor.administrator;
    if (orgId === null) {
      return answer(this.reports, { scope: 'all', orgId, projectId: null, timeZone: 'UTC' }, query);
    }
    const { timeZone } = await this.orgs.get(orgId, null);
    return answer(this.reports, { scope: 'org', orgId, projectId: null, timeZone }, query);
  }
}

async function answer(
  reports: UsageReports,
  subject: ReportSubject,
  query: Record<string, unknown>,
): Promise<UsageReportView> {
  const question = reportQuestion(query);
  try {
    return await reports.report(subject, question, Date.now());
  } catch (error) {
    throw asGatewayError(questionFailure(error));
  }
}
