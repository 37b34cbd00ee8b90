import { Logger, PinoLogger } from 'nestjs-pino';
import type { Config } from '../../config/config.js';
import { rootLogger, type RootLogger } from './root-logger.js';

/** What Nest says of each module and route at every start: more than a hundred lines that tell an operator nothing. */
const CHATTER = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer']);
/** Nest's own report of a failed start; whoever starts the gateway reports it already, without a stack trace. */
const FAILED_START = 'ExceptionHandler';

/**
 * How nestjs-pino is to log, the same wherever it is made: the first one decides for all. Its line per request holds the
 * headers, credentials among them, and stays off.
 */
export function pinoOptions(config: Config): { logger: RootLogger; autoLogging: false; quietReqLogger: true } {
  return { logger: rootLogger(config), autoLogging: false, quietReqLogger: true };
}

/** Nest's messages in the process's one log, from the very first on. */
export class HouseLogger extends Logger {
  static of(config: Config): HouseLogger {
    return new HouseLogger(new PinoLogger({ pinoHttp: pinoOptions(config) }), {});
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (CHATTER.has(String(rest.at(-1)))) this.debug(message, ...rest);
    else super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== FAILED_START) super.error(message, ...rest);
  }
}
