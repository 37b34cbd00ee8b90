import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/load-config.js';
import { runDemo } from './demo/demo-run.js';
import { startDemoUpstream } from './demo/demo-upstream.js';

const ADMIN_KEY = 'demo-admin-key';

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description(
      'see it work without any provider: a scripted upstream, a model, a key, one whole and one streamed call',
    )
    .option('--keep', 'leave the gateway running afterwards, until Ctrl-C')
    .action(async ({ keep }: { keep?: boolean }) => {
      const dir = mkdtempSync(join(tmpdir(), 'omnigate-demo-'));
      const upstream = await startDemoUpstream();
      const config = loadConfig({
        PORT: '0',
        HOST: '127.0.0.1',
        OMNI_DATA_DIR: dir,
        ADMIN_API_KEY: ADMIN_KEY,
        LOG_LEVEL: 'warn',
      });
      const { start } = await import('../main.js');
      const gateway = await start(config);
      try {
        await runDemo(gateway.url, ADMIN_KEY, upstream.url);
        if (keep === true) await untilInterrupted(gateway.url);
      } finally {
        await gateway.drain();
        await upstream.close();
        rmSync(dir, { recursive: true, force: true });
      }
      process.exit(0);
    });
}

async function untilInterrupted(url: string): Promise<void> {
  process.stdout.write(`\nStill running on ${url} (admin key: ${ADMIN_KEY}). Ctrl-C ends it and removes its data.\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}
