import type { Command } from 'commander';
import { effectiveSettings } from '../config/effective-settings.js';
import { environment } from '../config/environment.js';
import { loadConfig } from '../config/load-config.js';
import { VENDOR_VARIABLES } from '../providers/vendor-variables.js';

export function addConfigCheck(program: Command): void {
  program
    .command('config-check')
    .description('print the effective configuration, secrets masked; exit code 2 and every fault when it is wrong')
    .action(() => {
      const config = loadConfig(environment(), VENDOR_VARIABLES);
      for (const { path, value } of effectiveSettings(config)) process.stdout.write(`${path}: ${value}\n`);
      for (const notice of config.notices) process.stderr.write(`${notice}\n`);
    });
}
