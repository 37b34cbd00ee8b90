import { choice, flag, list, number, optionalNumber, optionalText, text, usd } from './setting-rows.js';
import { MASTER_KEY, MASTER_KEYS, NETWORK, POSTGRES_URL, REDIS_URL } from './setting-forms.js';
import type { Setting } from './setting.js';

/**
 * Every setting of the gateway, once: `docs/configuration.md`, the YAML file, the start-up checks and `config-check` are all
 * made from this table. The path of a setting here is its path in the YAML file.
 */
export const SETTINGS = {
  server: {
    port: number(['PORT', 'OMNI_PORT'], 'port', '8080', 'Port of the client and admin API; 0 takes a free one.'),
    host: text('HOST', 'string', '0.0.0.0', 'Address to listen on.'),
    metricsPort: optionalNumber('METRICS_PORT', 'port', 'Serve /metrics on this port instead of the main one.'),
    maxBodyBytes: number('OMNI_MAX_BODY_BYTES', 'bytes', '20971520', 'Largest request body; more is a 413.', {
      min: 1024,
      max: 1073741824,
    }),
    maxBufferedBytes: number(
      'OMNI_MAX_BUFFERED_BYTES',
      'bytes',
      '268435456',
      'Request bodies held in memory at once, over all calls; more is a 503. Keys not used before get at most half.',
      { min: 1048576 },
    ),
    bodyTimeoutMs: number(
      'OMNI_BODY_TIMEOUT_MS',
      'milliseconds',
      '60000',
      'How long a caller may take to send a whole request.',
      { min: 100 },
    ),
    keepAliveMs: number(
      'OMNI_KEEP_ALIVE_MS',
      'milliseconds',
      '72000',
      'How long an idle client connection is kept open.',
      { min: 1000 },
    ),
    drainTimeoutMs: number(
      'OMNI_DRAIN_TIMEOUT_MS',
      'milliseconds',
      '30000',
      'How long running calls may go on after SIGTERM.',
    ),
    drainDelayMs: number(
      'OMNI_DRAIN_DELAY_MS',
      'milliseconds',
      '0',
      'How long to answer not-ready before closing the port, for load balancers that poll.',
    ),
    trustProxy: list('OMNI_TRUST_PROXY', '', 'Addresses or CIDR blocks of proxies whose X-Forwarded-For is believed.', {
      form: NETWORK,
    }),
  },
  database: {
    url: optionalText(
      'DATABASE_URL',
      'secret',
      'PostgreSQL connection URL; unset: the embedded store in the data directory.',
      { form: POSTGRES_URL },
    ),
    poolSize: number('OMNI_DATABASE_POOL_SIZE', 'integer', '10', 'Connections to PostgreSQL.', { min: 2, max: 500 }),
    timeoutMs: number(
      'OMNI_DATABASE_TIMEOUT_MS',
      'milliseconds',
      '15000',
      'Longest wait for a connection or a statement.',
      { min: 100 },
    ),
  },
  redis: {
    url: optionalText(
      'REDIS_URL',
      'secret',
      'Redis URL (redis:// or rediss://) for counters shared by replicas; unset: in-process counters.',
      { form: REDIS_URL },
    ),
    timeoutMs: number(
      'OMNI_REDIS_TIMEOUT_MS',
      'milliseconds',
      '75',
      'Longest wait for one counter round trip on the call path.',
      { min: 5, max: 5000 },
    ),
  },
  data: {
    dir: text('OMNI_DATA_DIR', 'string', '.omnigate', 'Directory of the embedded store and of the journal.'),
    journalMaxBytes: number(
      'OMNI_JOURNAL_MAX_BYTES',
      'bytes',
      '4294967296',
      'Largest journal of call records that wait for the database.',
      { min: 1048576 },
    ),
  },
  ledger: {
    recordRetentionDays: number(
      'OMNI_RECORD_RETENTION_DAYS',
      'integer',
      '400',
      'Call records are kept for at least this many days, then removed by the month; 0 keeps them for ever.',
      { max: 36500 },
    ),
    rollupRetentionDays: number(
      'OMNI_ROLLUP_RETENTION_DAYS',
      'integer',
      '1100',
      'Hourly figures and daily totals are kept for this many days; 0 keeps them for ever.',
      { max: 36500 },
    ),
  },
  security: {
    adminKey: optionalText(
      'ADMIN_API_KEY',
      'secret',
      'Bootstrap key of the admin API; unset on the embedded store: one is made and printed once.',
    ),
    masterKey: optionalText(
      'OMNI_MASTER_KEY',
      'secret',
      'Encrypts stored provider credentials: 32 bytes as hex or base64, or a passphrase of 16 characters or more.',
      { form: MASTER_KEY },
    ),
    previousMasterKeys: optionalText(
      'OMNI_PREVIOUS_MASTER_KEYS',
      'secret',
      'Master keys that may still decrypt, comma separated, while a rotation is under way.',
      { form: MASTER_KEYS },
    ),
    authTokens: optionalText(
      'OMNI_AUTH_TOKENS',
      'secret',
      'Static client tokens, comma separated; calls count for the default project.',
    ),
    allowedPrivateUrls: list(
      'OMNI_URL_ALLOW_LIST',
      '',
      'Hosts that URLs given by projects may name although they are private or plain http.',
    ),
  },
  logging: {
    level: text(['LOG_LEVEL', 'OMNI_LOG_LEVEL'], 'choice', 'info', 'Least level that is logged.', {
      choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    }),
    format: text('LOG_FORMAT', 'choice', 'json', 'json or text.', { choices: ['json', 'text'] }),
    calls: flag('OMNI_LOG_CALLS', 'true', 'Write one line per call.'),
  },
  timeouts: {
    connectMs: number(
      'OMNI_CONNECT_TIMEOUT_MS',
      'milliseconds',
      '5000',
      'Per attempt: until the connection to the upstream stands.',
      { min: 10 },
    ),
    firstByteMs: number(
      'OMNI_FIRST_BYTE_TIMEOUT_MS',
      'milliseconds',
      '120000',
      'Per attempt: until the upstream begins to answer.',
      { min: 10 },
    ),
    idleMs: number('OMNI_IDLE_TIMEOUT_MS', 'milliseconds', '60000', 'Longest silence between two bytes of an answer.', {
      min: 10,
    }),
    totalMs: number(
      'OMNI_TOTAL_TIMEOUT_MS',
      'milliseconds',
      '600000',
      'Whole answers only: until the last byte. Streams live as long as bytes flow.',
      { min: 10 },
    ),
    stallMs: number('OMNI_STALL_TIMEOUT_MS', 'milliseconds', '60000', 'How long a caller may leave an answer unread.', {
      min: 10,
    }),
  },
  upstream: {
    connections: number('OMNI_UPSTREAM_CONNECTIONS', 'integer', '4096', 'Connections per upstream origin.', {
      min: 1,
      max: 65535,
    }),
    maxAnswerBytes: number('OMNI_MAX_ANSWER_BYTES', 'bytes', '67108864', 'Largest whole answer of an upstream.', {
      min: 1024,
    }),
    maxFrameBytes: number('OMNI_MAX_FRAME_BYTES', 'bytes', '4194304', 'Largest single event of a stream.', {
      min: 1024,
    }),
    maxAttempts: number('OMNI_MAX_ATTEMPTS', 'integer', '3', 'Targets tried for one call before it fails.', {
      min: 1,
      max: 10,
    }),
    acceptRefusedCertificates: flag(
      'OMNI_UPSTREAM_TLS_INSECURE',
      'false',
      'Accept upstream certificates that cannot be verified. For tests only.',
    ),
  },
  health: {
    intervalMs: number('OMNI_HEALTH_INTERVAL_MS', 'milliseconds', '10000', 'Time between two probes of a backend.', {
      min: 50,
    }),
    timeoutMs: number('OMNI_HEALTH_TIMEOUT_MS', 'milliseconds', '5000', 'Longest wait for a probe.', { min: 10 }),
    healthyThreshold: number(
      'OMNI_HEALTHY_THRESHOLD',
      'integer',
      '3',
      'Successes in a row that bring a backend back.',
      { min: 1, max: 100 },
    ),
    unhealthyThreshold: number(
      'OMNI_UNHEALTHY_THRESHOLD',
      'integer',
      '1',
      'Failures in a row that take a backend out.',
      { min: 1, max: 100 },
    ),
    passiveThreshold: number(
      'OMNI_PASSIVE_THRESHOLD',
      'integer',
      '5',
      'Server errors, time-outs and broken connections on calls, in a row, that take a backend out.',
      { min: 1, max: 1000 },
    ),
    enabled: flag('OMNI_HEALTH_CHECKS', 'true', 'Probe backends.'),
  },
  registry: {
    pollMs: number(
      'OMNI_REGISTRY_POLL_MS',
      'milliseconds',
      '2000',
      'How often the catalogue and the tenants are compared with the database, besides notifications.',
      { min: 50 },
    ),
    keyCacheSize: number('OMNI_KEY_CACHE_SIZE', 'integer', '50000', 'Keys kept in memory.', { min: 100 }),
  },
  limits: {
    defaultRpm: optionalNumber(
      'OMNI_DEFAULT_RPM',
      'integer',
      'Requests per minute of a key that inherits; unset: unlimited.',
    ),
    defaultTpm: optionalNumber(
      'OMNI_DEFAULT_TPM',
      'integer',
      'Tokens per minute of a key that inherits; unset: unlimited.',
    ),
    defaultConcurrency: optionalNumber(
      'OMNI_DEFAULT_CONCURRENCY',
      'integer',
      'Calls at the same time of a key that inherits; unset: unlimited.',
    ),
    projectRpm: optionalNumber(
      'OMNI_PROJECT_RPM',
      'integer',
      'Requests per minute of a project that sets none; unset: unlimited.',
    ),
    projectTpm: optionalNumber(
      'OMNI_PROJECT_TPM',
      'integer',
      'Tokens per minute of a project that sets none; unset: unlimited.',
    ),
    projectConcurrency: optionalNumber(
      'OMNI_PROJECT_CONCURRENCY',
      'integer',
      'Calls at the same time of a project that sets none; unset: unlimited.',
    ),
    orgRpm: optionalNumber(
      'OMNI_ORG_RPM',
      'integer',
      'Requests per minute of an organisation that sets none; unset: unlimited.',
    ),
    orgTpm: optionalNumber(
      'OMNI_ORG_TPM',
      'integer',
      'Tokens per minute of an organisation that sets none; unset: unlimited.',
    ),
    orgConcurrency: optionalNumber(
      'OMNI_ORG_CONCURRENCY',
      'integer',
      'Calls at the same time of an organisation that sets none; unset: unlimited.',
    ),
    defaultMaxTokens: number(
      'OMNI_DEFAULT_MAX_TOKENS',
      'integer',
      '1024',
      'Output tokens claimed for a call that caps none, on a model whose own cap is unknown.',
      { min: 1 },
    ),
    whenCountersDown: choice(
      'OMNI_LIMITS_WHEN_DOWN',
      'open',
      ['open', 'closed'] as const,
      'Rate limits while Redis is away: open decides by local counters at a fair share of the limit, closed refuses.',
    ),
    budgetsWhenCountersDown: choice(
      'OMNI_BUDGETS_WHEN_DOWN',
      'closed',
      ['open', 'closed'] as const,
      'Budgets while Redis is away: open decides by local counters at a fair share of what is left, closed refuses.',
    ),
    budgetsOfDeadCalls: choice(
      'OMNI_BUDGETS_OF_DEAD_CALLS',
      'release',
      ['release', 'charge'] as const,
      'What a call reserved in Redis whose process died and whose journal nobody finds within 31 minutes: release gives it back, charge keeps it until the day and the month end.',
    ),
  },
  pricing: {
    unknownPolicy: choice(
      'OMNI_UNKNOWN_PRICE',
      'zero',
      ['refuse', 'zero', 'default'] as const,
      'A call whose price nobody knows: refuse it, charge nothing, or charge the two defaults below.',
    ),
    defaultInput: usd(
      'OMNI_DEFAULT_INPUT_PRICE',
      '10',
      'USD per million input tokens of unknown price. Dear on purpose.',
    ),
    defaultOutput: usd('OMNI_DEFAULT_OUTPUT_PRICE', '30', 'USD per million output tokens of unknown price.'),
  },
  routing: {
    defaultProvider: optionalText('OMNI_DEFAULT_PROVIDER', 'string', 'Provider for model names nothing else explains.'),
    coolDownMs: number(
      'OMNI_COOL_DOWN_MS',
      'milliseconds',
      '60000',
      'How long a credential is not used for a model after a 429 that does not say how long.',
    ),
    breakerFailures: number(
      'OMNI_BREAKER_FAILURES',
      'integer',
      '5',
      'Failures of a model in a row after which a credential is not used for it.',
      { min: 1, max: 1000000 },
    ),
    breakerMs: number(
      'OMNI_BREAKER_MS',
      'milliseconds',
      '30000',
      'How long it is then not used; after that one call tries it.',
    ),
  },
} as const;

export type SettingsTable = typeof SETTINGS;
export type ConfigValues = {
  readonly [G in keyof SettingsTable]: {
    readonly [K in keyof SettingsTable[G]]: SettingsTable[G][K] extends Setting<infer T> ? T : never;
  };
};
