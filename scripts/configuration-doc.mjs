/**
 * Writes docs/configuration.md from the settings the built gateway knows; run it after a build.
 *
 *     node scripts/configuration-doc.mjs            writes the page
 *     node scripts/configuration-doc.mjs --check    writes nothing; exit code 1 when the page is stale
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = join(root, 'docs', 'configuration.md');
const built = join(root, 'dist', 'src', 'config', 'settings.js');
const builtVendors = join(root, 'dist', 'src', 'providers', 'vendor-variables.js');

/** What each section is about. */
const SECTIONS = {
  server: 'The HTTP server.',
  database: 'PostgreSQL, or the embedded database when `DATABASE_URL` is unset.',
  redis: 'Counters shared by replicas, or in-process ones when `REDIS_URL` is unset.',
  data: 'What is kept on the local disk.',
  security: 'Keys and secrets.',
  logging: 'The log, on standard output.',
  timeouts: 'Bounds of one attempt at an upstream; models and backends may set their own.',
  upstream: 'How upstreams are called.',
  health: 'Health checks of backends.',
  registry: 'The catalogue and the tenants in memory.',
  limits: 'What holds where a key, a project or an organisation sets nothing, and while Redis is away.',
  ledger: 'How long what is known of calls is kept.',
  pricing: 'What a call costs whose price nobody knows.',
  routing: 'Where a call goes.',
};

const INTRODUCTION = `# Configuration

<!-- Made by scripts/configuration-doc.mjs from src/config/settings.ts. Do not edit: run the script again. -->

Every setting has an environment variable and a place in an optional YAML file. The environment wins over the file, the file
over the default; a variable that is set to nothing counts as not set. Nothing is read after the start: a change needs a restart.

- \`OMNI_CONFIG\` names the YAML file. It is a map of the sections below; \`\${NAME}\` in a value is replaced by that environment
  variable, and one that is not set is a fault. Sections and settings nobody knows are faults, reported with their line.
- All faults are reported together at the start, without the values, which may be secrets; the exit code is 2.
- \`omnigate config-check\` (in a checkout: \`node bin/omnigate.mjs config-check\`) prints what is in force, secrets masked, or the faults.
- Durations are whole milliseconds, sizes whole bytes, lists comma separated, booleans \`true\`/\`false\` (also \`1 0 yes no on off\`).
  In YAML a list may also be a list.

\`\`\`yaml
server:
  port: 8080
  trustProxy: [10.0.0.0/8]
database:
  url: \${DATABASE_URL}
logging:
  level: warn
\`\`\`
`;

function typeOf(setting) {
  const { kind, choices } = setting;
  if (kind === 'choice') return choices.map((choice) => `\`${choice}\``).join(' ');
  const bounds = kind === 'port' ? '0–65535' : boundsOf(setting);
  return bounds === '' ? kind : `${kind}, ${bounds}`;
}

function boundsOf({ min, max }) {
  if (min !== undefined && max !== undefined) return `${min}–${max}`;
  if (min !== undefined) return `≥ ${min}`;
  return max === undefined ? '' : `≤ ${max}`;
}

function defaultOf({ fallback }) {
  if (fallback === null) return 'unset';
  return fallback === '' ? 'empty' : `\`${fallback}\``;
}

const cell = (text) => text.replaceAll('|', '\\|');

function rowOf(name, setting) {
  const variables = setting.env.map((variable) => `\`${variable}\``).join(' or ');
  return `| ${variables} | \`${name}\` | ${typeOf(setting)} | ${defaultOf(setting)} | ${cell(setting.about)} |`;
}

function sectionOf(group, settings) {
  return [
    `## \`${group}\``,
    '',
    ...(group in SECTIONS ? [SECTIONS[group], ''] : []),
    '| Environment | In the file | Type | Default | What it does |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries(settings).map(([name, setting]) => rowOf(name, setting)),
    '',
  ].join('\n');
}

const PROVIDERS = `## Providers

A vendor whose key or base URL is in the environment is registered as a provider of that name; the first variable that is set
wins. A provider registered by the admin API under the same name takes its place. Variables of vendors have no place in the file.
Where the environment says too little to call a vendor, the log says what is missing.
`;

function providersOf(vendors) {
  const names = (variables) => variables.map((name) => `\`${name}\``).join(' or ');
  const options = ({ options: all }) =>
    all.map(({ env, about, required, fallback }) => {
      const more = required ? ' Needed.' : fallback === undefined ? '' : ` Default \`${fallback}\`.`;
      return `${names(env)}: ${about}${more}`;
    });
  return [
    PROVIDERS,
    '| Provider | Key | Base URL | Default | Besides |',
    '| --- | --- | --- | --- | --- |',
    ...vendors.map((vendor) => {
      const template = Object.fromEntries(vendor.options.map(({ name, fallback }) => [name, fallback ?? `<${name}>`]));
      const url = vendor.ownBaseUrl(template);
      const cells = [
        `\`${vendor.kind}\``,
        names(vendor.apiKey),
        names(vendor.baseUrl),
        url === null ? '' : `\`${url}\``,
        cell(options(vendor).join('<br>')),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
    '',
  ].join('\n');
}

if (!existsSync(built)) {
  process.stderr.write('There is no build: run "npm run build" first.\n');
  process.exit(2);
}
const { SETTINGS } = await import(pathToFileURL(built).href);
const { VENDOR_VARIABLES } = await import(pathToFileURL(builtVendors).href);
const text = [
  INTRODUCTION,
  ...Object.entries(SETTINGS).map(([group, settings]) => sectionOf(group, settings)),
  providersOf(VENDOR_VARIABLES),
].join('\n');

if (!process.argv.includes('--check')) {
  writeFileSync(page, text);
} else if (!existsSync(page) || readFileSync(page, 'utf8') !== text) {
  process.stderr.write('docs/configuration.md is stale: run "node scripts/configuration-doc.mjs" after a build.\n');
  process.exit(1);
}
