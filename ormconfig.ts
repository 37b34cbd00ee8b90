import 'reflect-metadata';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataSource } from 'typeorm';
import { MIGRATIONS } from './migrations/index.js';
import { environment } from './src/config/environment.js';
import { loadConfig } from './src/config/load-config.js';
import { homeOf } from './src/infra/database/home-of.js';

const here = dirname(fileURLToPath(import.meta.url));
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** For the TypeORM command line, after a build: `npx typeorm migration:show -d dist/ormconfig.js`. The service itself does not use it. */
export const dataSource = new DataSource({
  ...homeOf(loadConfig(environment())).dataSourceOptions(),
  entities: globSync(join(here, `src/**/*.entity.${extension}`)),
  migrations: MIGRATIONS,
});
