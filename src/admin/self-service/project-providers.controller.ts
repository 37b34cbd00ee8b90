import { Body, Controller, Delete, Get, HttpCode, Param, Put, Req, UseGuards, UsePipes } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { AuthGuard, NeedsScope } from '../../auth/auth.guard.js';
import { exchangeOf } from '../../exchange/exchange-opening.js';
import { ProjectProviders, type ProjectProviderFacts } from '../../registry/project-providers.service.js';
import { Registry } from '../../registry/registry.service.js';
import type { Caller } from '../../tenancy/caller.js';
import { AdminValidationPipe } from '../admin-validation.pipe.js';
import { AuditLog, type Author } from '../audit/audit-log.service.js';
import { accountOf } from './project-account.js';
import { PutProjectProviderDto } from './project-provider.dto.js';
import { projectProviderView, type ProjectProviderView } from './project-provider.view.js';

/** A project's own accounts at vendors, kept by whoever has a key of it with the scope `keys`. Keys go in and never come out. */
@ApiExcludeController()
@Controller('v1/keys/providers')
@UseGuards(AuthGuard)
@NeedsScope('keys')
@UsePipes(AdminValidationPipe)
export class ProjectProvidersController {
  constructor(
    private readonly accounts: ProjectProviders,
    private readonly registry: Registry,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  async list(@Req() request: FastifyRequest): Promise<{ data: ProjectProviderView[] }> {
    return { data: (await this.accounts.list(callerOf(request).projectId)).map(projectProviderView) };
  }

  @Get(':provider')
  async read(@Req() request: FastifyRequest, @Param('provider') provider: string): Promise<ProjectProviderView> {
    return projectProviderView(await this.accounts.get(callerOf(request).projectId, provider.toLowerCase()));
  }

  @Put(':provider')
  async put(
    @Req() request: FastifyRequest,
    @Param('provider') provider: string,
    @Body() body: PutProjectProviderDto,
  ): Promise<ProjectProviderView> {
    const { projectId, orgId } = callerOf(request);
    const name = provider.toLowerCase();
    const account = accountOf(name, body, this.registry.current().providers.get(name));
    const { after } = await this.audit.record(actorOf(request), 'project-provider.put', async (tx) => {
      const { before, after } = await this.accounts.put(tx, { ...account, projectId });
      return { before: viewOf(before), after: projectProviderView(after), orgId };
    });
    await this.registry.catchUp();
    return after;
  }

  @Delete(':provider')
  @HttpCode(204)
  async remove(@Req() request: FastifyRequest, @Param('provider') provider: string): Promise<void> {
    const { projectId, orgId } = callerOf(request);
    await this.audit.record(actorOf(request), 'project-provider.delete', async (tx) => {
      const before = await this.accounts.remove(tx, projectId, provider.toLowerCase());
      return { before: projectProviderView(before), after: null, orgId };
    });
    await this.registry.catchUp();
  }
}

function viewOf(account: ProjectProviderFacts | null): ProjectProviderView | null {
  return account === null ? null : projectProviderView(account);
}

function callerOf(request: FastifyRequest): Caller {
  const { caller } = exchangeOf(request);
  if (caller === null) throw new Error('AuthGuard did not find a caller');
  return caller;
}

function actorOf(request: FastifyRequest): Author {
  const { keyId, keyName, keyPrefix } = callerOf(request);
  return {
    administrator: { id: keyId, name: `${keyName} (${keyPrefix})`, role: 'key' },
    ip: request.ip,
    requestId: exchangeOf(request).requestId,
  };
}
