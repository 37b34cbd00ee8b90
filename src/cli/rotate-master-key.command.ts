import type { Command } from 'commander';
import { environment } from '../config/environment.js';
import { loadConfig } from '../config/load-config.js';

export function addRotateMasterKey(program: Command): void {
  program
    .command('rotate-master-key')
    .description(
      'encrypt every stored provider credential anew under OMNI_MASTER_KEY; OMNI_PREVIOUS_MASTER_KEYS may still decrypt',
    )
    .action(async () => {
      const { NestFactory } = await import('@nestjs/core');
      const { MasterKeyRotation } = await import('../registry/master-key-rotation.service.js');
      const { RotationModule } = await import('./rotation.module.js');
      const app = await NestFactory.createApplicationContext(RotationModule.with(loadConfig(environment())), {
        logger: ['error'],
      });
      try {
        const report = await app.get(MasterKeyRotation).rotate();
        process.stdout.write(`${JSON.stringify(report)}\n`);
      } finally {
        await app.close();
      }
    });
}
