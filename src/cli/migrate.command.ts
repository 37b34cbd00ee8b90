import type { Command } from 'commander';
import { environment } from '../config/environment.js';
import { loadConfig } from '../config/load-config.js';

export function addMigrate(program: Command): void {
  const migrate = program
    .command('migrate')
    .description('bring the database schema up or down; a start brings it up by itself');
  migrate
    .command('up')
    .description('apply every pending migration')
    .action(() => run(0));
  migrate
    .command('down')
    .argument('[steps]', 'how many to take back', '1')
    .description('take back the newest migrations')
    .action((steps: string) => {
      if (!/^[1-9]\d{0,3}$/.test(steps)) throw new Error('the number of steps must be a whole number from 1 to 9999');
      return run(Number(steps));
    });
}

async function run(stepsDown: number): Promise<void> {
  const { migrate } = await import('../infra/database/migrate.js');
  const names = await migrate(loadConfig(environment()), stepsDown);
  for (const name of names) process.stdout.write(`${stepsDown > 0 ? 'reverted' : 'applied'} ${name}\n`);
  if (names.length === 0) process.stdout.write('nothing to do\n');
}
