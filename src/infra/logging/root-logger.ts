import { pino, type Logger } from 'pino';
import pinoPretty from 'pino-pretty';
import type { Config } from '../../config/config.js';
import { LineBatch } from './line-batch.js';

export type RootLogger = Logger;

/** What the reader of standard output does not take in time waits; beyond this bound lines are lost rather than memory. */
const MAX_WAITING_CHARS = 16_777_216;

let logger: RootLogger | null = null;
let jsonOutput: LineBatch | null = null;

/** The process's one logger, on standard output, made at first use. Lines are written asynchronously, in batches under load. */
export function rootLogger(config: Config): RootLogger {
  logger ??= create(config);
  return logger;
}

/** Where finished JSON lines go; `null` while lines are written for people. */
export function jsonLines(config: Config): LineBatch | null {
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
  const output = pino.destination({ fd: 1, sync: false, maxLength: MAX_WAITING_CHARS });
  jsonOutput = new LineBatch(output);
  return pino(options, output);
}

/** Writes what is still buffered; for the last lines of a process. */
export async function flushLogs(): Promise<void> {
  jsonOutput?.flush();
  await new Promise<void>((resolve) => {
    if (logger === null) resolve();
    else logger.flush(() => resolve());
  });
}
