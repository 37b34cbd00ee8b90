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
  if (generatedAdminKey !== null) lines.push(...firstSteps(url, generatedAdminKey));
  process.stderr.write(lines.join('\n') + '\n');
}

function firstSteps(url: string, adminKey: string): string[] {
  return [
    '  Admin key, shown this once (keep it):',
    '',
    `    export ADMIN_API_KEY=${adminKey}`,
    '',
    '  Next three commands: register a model, make a key, call it.',
    '',
    `    curl -s ${url}/admin/v1/models -H "X-Admin-Key: $ADMIN_API_KEY" -H 'content-type: application/json' \\`,
    `      -d '{"name":"my-model","model_id":"<upstream model id>","backends":[{"url":"http://localhost:8000"}]}'`,
    '',
    `    curl -s ${url}/admin/v1/keys -H "X-Admin-Key: $ADMIN_API_KEY" -H 'content-type: application/json' \\`,
    `      -d '{"name":"my-first-key"}'`,
    '',
    `    curl -s ${url}/v1/chat/completions -H "Authorization: Bearer <the key>" -H 'content-type: application/json' \\`,
    `      -d '{"model":"my-model","messages":[{"role":"user","content":"Hello"}]}'`,
    '',
    '  Nothing to call yet? "npm run demo" shows it all with a scripted upstream.',
    '',
  ];
}
