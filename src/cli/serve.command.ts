import type { Command } from 'commander';
import { environment } from '../config/environment.js';
import { loadConfig } from '../config/load-config.js';
import type { RunningGateway } from '../main.js';
import { printBanner } from './banner.js';

export function addServe(program: Command): void {
  program
    .command('serve', { isDefault: true })
    .description('start the gateway')
    .action(async () => {
      const config = loadConfig(environment());
      const { start } = await import('../main.js');
      const gateway = await start(config);
      drainOnSignal(gateway);
      printBanner(config, gateway);
    });
}

/** The first signal drains; a second one means now. */
function drainOnSignal(gateway: RunningGateway): void {
  let draining = false;
  const onSignal = (): void => {
    if (draining) process.exit(1);
    draining = true;
    gateway.drain().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
