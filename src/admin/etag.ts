import {
  createParamDecorator,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { GatewayError } from '../../libs/protocol/index.js';
import { requestIdOf } from '../exchange/exchange-opening.js';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import type { ExpectedVersions } from '../infra/database/row-version.js';

/** Sends `ETag: "<version>"` with every answer that is one resource (it has a `version`), and `x-request-id` with every answer. */
@Injectable()
export class AdminAnswerInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const requestId = requestIdOf(http.getRequest<FastifyRequest>().headers['x-request-id'], uuidv7(Date.now()));
    void reply.header('x-request-id', requestId);
    return next.handle().pipe(
      map((answer: unknown) => {
        const version = (answer as { version?: unknown } | null | undefined)?.version;
        if (typeof version === 'number') void reply.header('etag', `"${version}"`);
        return answer;
      }),
    );
  }
}

/** The versions the caller's `If-Match` allows; give it to the room's `change` and `remove`. */
export const IfMatch = createParamDecorator((_data: unknown, context: ExecutionContext): ExpectedVersions => {
  return readIfMatch(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']);
});

/**
 * Reads `If-Match` (RFC 9110 §13.1.1). Weak tags count too: proxies that compress weaken ours.
 * @throws GatewayError `invalid_request` when it is no list of entity tags.
 */
export function readIfMatch(header: string | undefined): ExpectedVersions {
  if (header === undefined || header.trim() === '*') return null;
  const versions = new Set<number>();
  for (const tag of header.split(',')) {
    const found = /^(?:W\/)?"([^"]*)"$/.exec(tag.trim());
    if (found === null) {
      throw new GatewayError('invalid_request', 'If-Match must be * or entity tags, as in "3".', { param: 'if-match' });
    }
    // A tag we never gave out matches nothing.
    versions.add(/^\d{1,9}$/.test(found[1] ?? '') ? Number(found[1]) : -1);
  }
  return versions;
}
