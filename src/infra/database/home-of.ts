import type { Config } from '../../config/config.js';
import type { DatabaseHome } from './database-home.js';
import { EmbeddedHome } from './embedded/embedded-home.js';
import { PostgresHome } from './postgres-home.js';

const homes = new WeakMap<Config, DatabaseHome>();

/** The home that the configuration names; the same object for the same configuration. */
export function homeOf(config: Config): DatabaseHome {
  const known = homes.get(config);
  if (known !== undefined) return known;
  const home = config.database.url === null ? new EmbeddedHome(config) : new PostgresHome(config.database.url, config);
  homes.set(config, home);
  return home;
}
