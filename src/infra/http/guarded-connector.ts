import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { addressRefusal, type UrlOrigin } from './address-policy.js';

export interface GuardOptions {
  /** Longest wait for the connection, ms. */
  readonly timeoutMs: number;
  /** Who gave the URL. */
  readonly origin: UrlOrigin;
  /** The host is on the allow list: private addresses are no reason to refuse. */
  readonly hostAllowed: boolean;
  readonly rejectUnauthorized: boolean;
}

/** No connection came about; its cause says why. */
export class NoConnection extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/**
 * Connects only to addresses the policy allows, checked after name resolution at the moment of connecting, so that a name
 * cannot be pointed at a forbidden address in between.
 */
export function guardedConnector(options: GuardOptions): buildConnector.connector {
  const refusalOf = (ip: string): string | null => addressRefusal(ip, options.origin, options.hostAllowed);
  const connect = buildConnector({
    timeout: options.timeoutMs,
    allowH2: false,
    lookup: guardedLookup(refusalOf),
    rejectUnauthorized: options.rejectUnauthorized,
  });
  return (target, callback) => {
    const literal = target.hostname.replace(/^\[|\]$/g, '');
    const refusal = isIP(literal) === 0 ? null : refusalOf(literal);
    if (refusal !== null) callback(new NoConnection(new Error(refusal)), null);
    else
      connect(target, (...made) => (made[0] === null ? callback(...made) : callback(new NoConnection(made[0]), null)));
  };
}

/** Resolves like `dns.lookup` and drops the forbidden addresses; fails when none is left. */
function guardedLookup(refusalOf: (ip: string) => string | null): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, []);
        return;
      }
      const allowed = addresses.filter(({ address }) => refusalOf(address) === null);
      const first = allowed[0];
      if (first === undefined) callback(new Error(`${hostname} resolves to a forbidden address`), []);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
