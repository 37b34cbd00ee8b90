import { Controller, Get, HttpCode, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { packageVersion } from '../config/package-version.js';
import { Readiness } from './readiness.service.js';

/** Probes for orchestrators and load balancers. No key, no database query on liveness. */
@ApiExcludeController()
@Controller()
export class HealthController {
  private readonly packageVersion = packageVersion();

  constructor(private readonly readiness: Readiness) {}

  @Get(['health/live', 'healthz', 'health'])
  @HttpCode(200)
  live(): object {
    return { status: 'ok' };
  }

  @Get(['health/ready', 'ready'])
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const report = await this.readiness.check();
    void reply.status(report.ready ? 200 : 503);
    return { status: report.ready ? 'ready' : 'not_ready', checks: report.checks };
  }

  @Get('version')
  version(): object {
    return { name: 'omnigate', version: this.packageVersion };
  }
}
