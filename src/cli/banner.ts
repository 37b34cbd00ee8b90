import type { Config } from '../config/config.js';
import type { RunningGateway } from '../main.js';

/**
 * What a person wants to know after a start, on standard error so that standard output holds log lines alone. The three
 * commands can be copied as they are.
 */
export function printBanner(config: Config, { url, generatedAdminKey }: RunningGateway): void {
  const store = config.database.url === null ? `embedded store in ${config.data.dir}` : 'PostgreSQL';
  const counters = config.redis.url === null ? 'in-process counters' : 'Redis';
  const lines = ['', `  OmniGate listens on ${url}  (${store}, ${counters})`, `  API documentation: ${url}/docs`, ''];
  if (config.database.url !== null) lines.push(...missingSecrets(config));
  if (generatedAdminKey !== null) lines.push(...firstSteps(url, generatedAdminKey));
  process.stderr.write(lines.join('\n') + '\n');
}

/** The embedded store makes these by itself; on PostgreSQL one may forget them and wonder. */
function missingSecrets({ security }: Config): string[] {
  const lines: string[] = [];
  if (security.adminKey === null) {
    lines.push('  ADMIN_API_KEY is not set: the admin API is closed, but to administrators made before.', '');
  }
  if (security.masterKey === null) {
    lines.push('  OMNI_MASTER_KEY is not set: credentials of providers can be neither stored nor read.', '');
  }
  return lines;
}

function firstSteps(url: string, adminKey: string): string[] {
  const admin = `-H "X-Admin-Key: $ADMIN_API_KEY" -H 'content-type: application/json' \\`;
  return [
    '  Admin key, shown this once (keep it):',
    '',
    `    export ADMIN_API_KEY=${adminKey}`,
    '',
    '  Next three commands: register a model (put in your server and its model), make a key, call it.',
    '',
    `    curl -s ${url}/admin/v1/models ${admin}`,
    `      -d '{"name":"my-model","model_id":"qwen2.5-7b","backends":[{"url":"http://localhost:8000"}]}'`,
    '',
    `    MY_KEY=$(curl -s ${url}/admin/v1/keys ${admin}`,
    `      -d '{"name":"my-first-key"}' | sed 's/^{"key":"\\([^"]*\\)".*/\\1/'); echo "$MY_KEY"`,
    '',
    `    curl -s ${url}/v1/chat/completions -H "Authorization: Bearer $MY_KEY" -H 'content-type: application/json' \\`,
    `      -d '{"model":"my-model","messages":[{"role":"user","content":"Hello"}]}'`,
    '',
    '  Nothing to call yet? "npm run demo" shows it all with a scripted upstream.',
    '',
  ];
}
