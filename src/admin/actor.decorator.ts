import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { AdminRequest } from '../auth/admin.guard.js';
import type { Administrator } from '../tenancy/administrator.js';

/** Who does something through the admin API, and from where: what the audit log remembers. */
export interface Actor {
  readonly administrator: Administrator;
  readonly ip: string;
  readonly requestId: string;
}

/** The actor of this request; only behind AdminGuard. */
export const CurrentActor = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => {
  const http = context.switchToHttp();
  const request = http.getRequest<AdminRequest>();
  if (request.administrator === undefined) throw new Error('CurrentActor is used on a route without AdminGuard');
  return {
    administrator: request.administrator,
    ip: request.ip,
    requestId: String(http.getResponse<FastifyReply>().getHeader('x-request-id')),
  };
});
