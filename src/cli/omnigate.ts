import { Command } from 'commander';
import { ConfigError } from '../config/load-config.js';
import { addConfigCheck } from './config-check.command.js';
import { addDemo } from './demo.command.js';
import { addMigrate } from './migrate.command.js';
import { addRecord } from './record.command.js';
import { addRotateMasterKey } from './rotate-master-key.command.js';
import { addServe } from './serve.command.js';
import { addTranscode } from './transcode.command.js';
import { addUsage } from './usage.command.js';
import { packageVersion } from '../config/package-version.js';

const BAD_CONFIGURATION = 2;

/** The `omnigate` command. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('omnigate').description('LLM gateway for platform teams').version(packageVersion());
  addServe(program);
  addDemo(program);
  addMigrate(program);
  addConfigCheck(program);
  addRotateMasterKey(program);
  addUsage(program);
  addRecord(program);
  addTranscode(program);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(error instanceof ConfigError ? BAD_CONFIGURATION : 1);
  }
}
