import { accessSync, constants, mkdirSync } from 'node:fs';
import type { Command } from 'commander';
import type { Config } from '../config/config.js';
import { environment } from '../config/environment.js';
import { loadConfig } from '../config/load-config.js';
import { homeOf } from '../infra/database/home-of.js';
import type { RunningGateway } from '../main.js';
import { VENDOR_VARIABLES } from '../providers/vendor-variables.js';
import { printBanner } from './banner.js';

/**
 * Ctrl-C reaches the whole process group, and npm passes on what it gets as well: what arrives so soon after a first signal
 * is that same one again.
 */
const SAME_SIGNAL_MS = 500;

export function addServe(program: Command): void {
  program
    .command('serve', { isDefault: true })
    .description('start the gateway')
    .action(async () => {
      const config = loadConfig(environment(), VENDOR_VARIABLES);
      prepareDataDirectory(config);
      const signals = new Signals();
      openDatabase(config);
      const { start } = await import('../main.js');
      const gateway = await start(config);
      signals.drainFirst(gateway);
      printBanner(config, gateway);
    });
}

/**
 * The embedded database opens on a thread of its own: begun before the modules of the service are read, it is open when they
 * ask for it. Should it fail, they ask again and hear why.
 */
function openDatabase(config: Config): void {
  homeOf(config)
    .start()
    .catch(() => undefined);
}

/** @throws Error in the words of who set the directory */
function prepareDataDirectory({ data: { dir } }: Config): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`The data directory ${dir} cannot be used (${message}). OMNI_DATA_DIR names another one.`, {
      cause: error,
    });
  }
}

/** While it starts a signal ends the process at once; afterwards the first one drains it and a second one means now. */
class Signals {
  private gateway: RunningGateway | null = null;
  private firstAtMs: number | null = null;

  constructor() {
    process.on('SIGTERM', () => this.received(143));
    process.on('SIGINT', () => this.received(130));
  }

  drainFirst(gateway: RunningGateway): void {
    this.gateway = gateway;
  }

  private received(exitCode: number): void {
    const now = performance.now();
    if (this.gateway === null) process.exit(exitCode);
    if (this.firstAtMs === null) {
      this.firstAtMs = now;
      drain(this.gateway);
    } else if (now - this.firstAtMs > SAME_SIGNAL_MS) {
      process.exit(1);
    }
  }
}

function drain(gateway: RunningGateway): void {
  gateway.drain().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
}
