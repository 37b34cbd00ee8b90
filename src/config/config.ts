import type { EnvironmentProvider } from './provider-environment.js';
import type { ConfigValues } from './settings.js';

/** The effective configuration: validated, frozen, the same for the life of the process. */
export class Config implements ConfigValues {
  readonly server: ConfigValues['server'];
  readonly database: ConfigValues['database'];
  readonly redis: ConfigValues['redis'];
  readonly data: ConfigValues['data'];
  readonly ledger: ConfigValues['ledger'];
  readonly security: ConfigValues['security'];
  readonly logging: ConfigValues['logging'];
  readonly timeouts: ConfigValues['timeouts'];
  readonly upstream: ConfigValues['upstream'];
  readonly health: ConfigValues['health'];
  readonly registry: ConfigValues['registry'];
  readonly limits: ConfigValues['limits'];
  readonly pricing: ConfigValues['pricing'];
  readonly routing: ConfigValues['routing'];

  /**
   * @param providers registered by the environment
   * @param notices what the log should say about the configuration
   */
  constructor(
    values: ConfigValues,
    readonly providers: readonly EnvironmentProvider[] = [],
    readonly notices: readonly string[] = [],
  ) {
    this.server = Object.freeze(values.server);
    this.database = Object.freeze(values.database);
    this.redis = Object.freeze(values.redis);
    this.data = Object.freeze(values.data);
    this.ledger = Object.freeze(values.ledger);
    this.security = Object.freeze(values.security);
    this.logging = Object.freeze(values.logging);
    this.timeouts = Object.freeze(values.timeouts);
    this.upstream = Object.freeze(values.upstream);
    this.health = Object.freeze(values.health);
    this.registry = Object.freeze(values.registry);
    this.limits = Object.freeze(values.limits);
    this.pricing = Object.freeze(values.pricing);
    this.routing = Object.freeze(values.routing);
    Object.freeze(this);
  }
}
