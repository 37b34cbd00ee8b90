import type { Command } from 'commander';
import { effectiveSettings } from '../config/effective-settings.js';
import { environment } from '../config/environment.js';
import { loadConfig } from '../config/load-config.js';

export function addConfigCheck(program: Command): void {
  program
    .command('config-check')
    .description('print the effective configuration, secrets masked; exit code 2 and every fault when it is wrong')
    .action(() => {
      for (const { path, value } of effectiveSettings(loadConfig(environment()))) {
        process.stdout.write(`${path}: ${value}\n`);
      }
    });
}
