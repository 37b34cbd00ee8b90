import { Injectable, SetMetadata, type CanActivate, type CustomDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../libs/protocol/index.js';
import { AdminKeys } from '../tenancy/admin-keys.service.js';
import { ADMIN_ROLES, type Administrator, type AdminRole } from '../tenancy/administrator.js';

export interface AdminRequest extends FastifyRequest {
  /** Set by AdminGuard. */
  administrator?: Administrator;
}

const NEEDED_ROLE = 'omnigate:needed-role';
const GLOBAL_RESOURCE = 'omnigate:global-resource';
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The least role that may use a route; without it, reading needs a viewer and everything else an operator. */
export const NeedsRole = (role: AdminRole): CustomDecorator => SetMetadata(NEEDED_ROLE, role);

/** Marks a controller or route whose things belong to no organisation: administrators bound to one may only read them. */
export const GlobalResource = (): CustomDecorator => SetMetadata(GLOBAL_RESOURCE, true);

/** Lets administrators in, by `X-Admin-Key` or `Authorization: Bearer`, as far as their role goes. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    private readonly adminKeys: AdminKeys,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AdminRequest>();
    const secret = presentedKey(request);
    const administrator = secret === null ? null : await this.adminKeys.verify(secret);
    if (administrator === null) {
      const message =
        secret === null ? 'This needs an admin key, in X-Admin-Key or as Bearer token.' : 'The admin key is not valid.';
      throw new GatewayError('invalid_api_key', message, { code: 'invalid_admin_key' });
    }
    request.administrator = administrator;
    this.checkRole(context, request.method, administrator);
    return true;
  }

  private checkRole(context: ExecutionContext, method: string, administrator: Administrator): void {
    const places = [context.getHandler(), context.getClass()];
    const reading = READING.has(method);
    const needed =
      this.reflector.getAllAndOverride<AdminRole | undefined>(NEEDED_ROLE, places) ?? (reading ? 'viewer' : 'operator');
    if (ADMIN_ROLES.indexOf(administrator.role) < ADMIN_ROLES.indexOf(needed)) {
      throw new GatewayError(
        'insufficient_scope',
        `This needs the role ${needed}; the admin key has ${administrator.role}.`,
      );
    }
    const global = this.reflector.getAllAndOverride<boolean | undefined>(GLOBAL_RESOURCE, places) ?? false;
    if (global && !reading && administrator.orgId !== null) {
      throw new GatewayError(
        'insufficient_scope',
        'The admin key is bound to an organisation; this belongs to all of them.',
      );
    }
  }
}

/** `X-Admin-Key` wins over `Authorization`. */
function presentedKey(request: FastifyRequest): string | null {
  const own = request.headers['x-admin-key'];
  if (typeof own === 'string' && own !== '') return own;
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '');
  return bearer?.[1] ?? null;
}
