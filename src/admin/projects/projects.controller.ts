import { Body, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { ExpectedVersions } from '../../infra/database/row-version.js';
import { KeyDirectory } from '../../tenancy/key-directory.service.js';
import { Projects } from '../../tenancy/projects.service.js';
import { CurrentActor, type Actor } from '../actor.decorator.js';
import { AdminController } from '../admin-controller.decorator.js';
import { AuditLog } from '../audit/audit-log.service.js';
import { IfMatch } from '../etag.js';
import { IdPipe } from '../id.pipe.js';
import { pageRequest } from '../list-query.dto.js';
import { ApiPage, emptyPage, pageView, type PageView } from '../page.view.js';
import { ChangeProjectDto, CreateProjectDto, ProjectListQuery, projectPatch } from './project.dto.js';
import { ProjectView, projectView } from './project.view.js';

/** Projects, each of one organisation for good. */
@AdminController('projects', { alias: true })
export class ProjectsController {
  constructor(
    private readonly projects: Projects,
    private readonly directory: KeyDirectory,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List projects' })
  @ApiPage(ProjectView)
  async list(@CurrentActor() actor: Actor, @Query() query: ProjectListQuery): Promise<PageView<ProjectView>> {
    const only = actor.administrator.orgId;
    if (only !== null && query.org_id !== undefined && query.org_id !== only) return emptyPage();
    return pageView(await this.projects.list(pageRequest(query), query.org_id ?? only), projectView);
  }

  @Post()
  @ApiOperation({ summary: 'Create a project' })
  @ApiCreatedResponse({ type: ProjectView })
  async create(@CurrentActor() actor: Actor, @Body() body: CreateProjectDto): Promise<ProjectView> {
    const { after } = await this.audit.record(actor, 'project.create', async (tx) => {
      const draft = { ...projectPatch(body), name: body.name };
      const project = await this.projects.create(tx, draft, body.org_id ?? null, actor.administrator.orgId);
      return { before: null, after: projectView(project), orgId: project.orgId };
    });
    return after;
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a project' })
  @ApiOkResponse({ type: ProjectView })
  async read(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<ProjectView> {
    return projectView(await this.projects.get(id, actor.administrator.orgId));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a project; fields left out stay as they are' })
  @ApiOkResponse({ type: ProjectView })
  async change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeProjectDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<ProjectView> {
    const reach = { only: actor.administrator.orgId, expected };
    const { after } = await this.audit.record(actor, 'project.change', async (tx) => {
      const changed = await this.projects.change(tx, id, projectPatch(body), reach);
      return { before: projectView(changed.before), after: projectView(changed.after), orgId: changed.after.orgId };
    });
    this.directory.invalidate('project', id);
    return after;
  }

  @Put(':id')
  @ApiOperation({ summary: 'The same as PATCH, for clients of older gateways', deprecated: true })
  @ApiOkResponse({ type: ProjectView })
  async put(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: ChangeProjectDto,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<ProjectView> {
    return this.change(actor, id, body, expected);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a project without keys; the default one cannot be deleted' })
  @ApiNoContentResponse()
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @IfMatch() expected: ExpectedVersions,
  ): Promise<void> {
    await this.audit.record(actor, 'project.delete', async (tx) => {
      const project = await this.projects.remove(tx, id, { only: actor.administrator.orgId, expected });
      return { before: projectView(project), after: null, orgId: project.orgId };
    });
  }
}
