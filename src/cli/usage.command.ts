import type { Command } from 'commander';
import { environment } from '../config/environment.js';
import { loadConfig } from '../config/load-config.js';

interface ReRateOptions {
  from: string;
  to: string;
  model?: string;
  dryRun?: boolean;
}

export function addUsage(program: Command): void {
  program
    .command('usage')
    .description('what calls were charged')
    .command('re-rate')
    .description('charge calls by the prices of today; records stay, entries beside them hold the difference')
    .requiredOption('--from <moment>', 'calls that began from this moment on, as in 2030-01-31T12:00:00Z')
    .requiredOption('--to <moment>', 'calls that began before this moment')
    .option('--model <name>', 'only calls of this model, by the name callers used')
    .option('--dry-run', 'only say what would change')
    .action(async (options: ReRateOptions) => {
      const [fromMs, toMs] = [momentOf('--from', options.from), momentOf('--to', options.to)];
      if (toMs <= fromMs) throw new Error('--from must be before --to');
      const { NestFactory } = await import('@nestjs/core');
      const { ReRating } = await import('../usage/re-rating.service.js');
      const { reRatingView } = await import('../usage/re-rating.view.js');
      const { ReRatingModule } = await import('./re-rating.module.js');
      const app = await NestFactory.createApplicationContext(ReRatingModule.with(loadConfig(environment())), {
        logger: ['error'],
      });
      try {
        const { model = null, dryRun = false } = options;
        const report = await app.get(ReRating).run({ fromMs, toMs, model, dryRun, timeLimitMs: null });
        process.stdout.write(`${JSON.stringify(reRatingView(report), null, 2)}\n`);
      } finally {
        await app.close();
      }
    });
}

function momentOf(option: string, text: string): number {
  const ms = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:?\d\d))?$/i.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new Error(`${option} must be a day or a date and time with zone: ${text}`);
  return ms;
}
