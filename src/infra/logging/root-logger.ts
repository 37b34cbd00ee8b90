import { pino, type DestinationStream, type Logger } from 'pino';
import pinoPretty from 'pino-pretty';
import type { Config } from '../../config/config.js';

export type RootLogger = Logger;

let logger: RootLogger | null = null;
let jsonOutput: DestinationStream | null = null;

/** The process's one logger, on standard output, made at first use. Lines are written asynchronously, in batches under load. */
export function rootLogger(config: Config): RootLogger {
  logger ??= create(config);
  return logger;
}

/** Where finished JSON lines go; `null` while lines are written for people. */
export function jsonLines(config: Config): DestinationStream | null {
  rootLogger(config);
  return jsonOutput;
}

function create({ logging }: Config): RootLogger {
  const options = {
    level: logging.level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    messageKey: 'msg',
  };
  if (logging.format === 'text') return pino(options, pinoPretty({ sync: false, colorize: process.stdout.isTTY }));
  jsonOutput = pino.destination({ fd: 1, sync: false });
  return pino(options, jsonOutput);
}

/** Writes what is still buffered; for the last lines of a process. */
export async function flushLogs(): Promise<void> {
  await new Promise<void>((resolve) => {
    if (logger === null) resolve();
    else logger.flush(() => resolve());
  });
}
