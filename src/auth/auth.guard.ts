import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { Injectable, SetMetadata, type CanActivate, type CustomDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../libs/protocol/index.js';
import { exchangeOf, requestOf } from '../exchange/exchange-opening.js';
import type { Caller, KeyScope } from '../tenancy/caller.js';
import { KeyDirectory } from '../tenancy/key-directory.service.js';
import { credentialOf } from './credential.js';

const NEEDED_SCOPE = 'omnigate:needed-scope';

/** The scope a key needs for a controller, `null`: any key will do; without it: `inference`. */
export const NeedsScope = (scope: KeyScope | null): CustomDecorator => SetMetadata(NEEDED_SCOPE, scope);

/** Who is calling: finds the key and writes its caller to the exchange. 401 without a valid one, 403 from a forbidden address. */
@Injectable()
export class AuthGuard implements CanActivate {
  private readonly blockLists = new WeakMap<readonly string[], BlockList>();

  /** By controller; asking its metadata at every call would cost more than finding the key. */
  private readonly scopes = new WeakMap<object, KeyScope | null>();

  constructor(private readonly keys: KeyDirectory) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = requestOf(context);
    const secret = credentialOf(request, exchangeOf(request).dialect);
    if (secret === null) {
      throw new GatewayError('invalid_api_key', 'No API key given: send it as "Authorization: Bearer <key>".');
    }
    const scope = this.scopeOf(context.getClass());
    const found = this.keys.find(secret);
    if (found instanceof Promise) return found.then((caller) => this.admit(request, caller, scope));
    return this.admit(request, found, scope);
  }

  private scopeOf(controller: object): KeyScope | null {
    let scope = this.scopes.get(controller);
    if (scope === undefined) {
      scope = Reflect.getMetadata(NEEDED_SCOPE, controller) as KeyScope | null | undefined;
      if (scope === undefined) scope = 'inference';
      this.scopes.set(controller, scope);
    }
    return scope;
  }

  private admit(request: FastifyRequest, caller: Caller | null, scope: KeyScope | null): boolean {
    if (caller === null) throw new GatewayError('invalid_api_key', 'The API key is unknown, revoked or expired.');
    const exchange = exchangeOf(request);
    exchange.caller = caller;
    exchange.authenticatedMs = exchange.elapsedMs();
    if (scope !== null && !caller.scopes.has(scope)) {
      throw new GatewayError('insufficient_scope', `The API key lacks the scope "${scope}".`);
    }
    if (caller.allowedIps !== null && !this.isAllowed(request.ip, caller.allowedIps)) {
      throw new GatewayError('ip_not_allowed', 'The API key may not be used from this address.');
    }
    if (caller.keyId !== null) this.keys.touch(caller.keyId, exchange.startedAtMs);
    return true;
  }

  private isAllowed(ip: string, allowed: readonly string[]): boolean {
    let list = this.blockLists.get(allowed);
    if (list === undefined) {
      list = blockListOf(allowed);
      this.blockLists.set(allowed, list);
    }
    const mapped = ip.startsWith('::ffff:') && isIPv4(ip.slice(7)) ? ip.slice(7) : ip;
    return list.check(mapped, isIPv6(mapped) ? 'ipv6' : 'ipv4');
  }
}

function blockListOf(allowed: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of allowed) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
