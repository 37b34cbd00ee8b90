/** OmniGate in its two homes: embedded (nothing but the process), and on PostgreSQL + Redis. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MODELS } from '../load/answers.mjs';
import { ask, isOk } from '../load/http.mjs';
import { Child, freePort, untilReady } from '../measure/child.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const ENTRY = join(ROOT, 'bin/omnigate.mjs');
export const ADMIN_KEY = 'bench-admin-key-0123456789abcdef';

const notBuilt = () => (existsSync(ENTRY) ? null : 'bin/omnigate.mjs is not there yet');

export const embedded = {
  name: 'embedded',
  label: 'OmniGate embedded',
  absent: notBuilt,
  start: (context) => startOmniGate(context, {}),
};

/** The same with limits and budgets at three levels, none of which is ever reached: what counting costs. */
export const embeddedLimited = {
  name: 'embedded-limited',
  label: 'embedded + limits',
  absent: notBuilt,
  start: (context) => startOmniGate(context, {}, { limited: true }),
};

export const withStoresLimited = {
  name: 'stores-limited',
  label: 'PG+Redis + limits',
  absent: (context) => notBuilt() ?? context.stores.absent,
  start: (context) => withStores.start(context, { limited: true }),
};

export const withStores = {
  name: 'stores',
  label: 'OmniGate PG+Redis',
  absent: (context) => notBuilt() ?? context.stores.absent,

  async start(context, options = {}) {
    const database = await context.stores.newDatabase();
    const environment = { DATABASE_URL: database.url, REDIS_URL: context.stores.redisUrl };
    const peer = await startOmniGate(context, environment, options);
    return { ...peer, accounts: { ...peer.accounts, ...context.stores.accounts } };
  },
};

/**
 * Starts the gateway until it is ready. The process runs as a user would run it: calls are logged to a file, and health
 * probes are on.
 */
export async function launch({ directory, cores, nodeFlags = [], logCalls = true, name = 'omnigate' }, environment) {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const sinceMs = performance.now();
  // The flag as in `npm start`: V8 would otherwise give young objects 130 MB on a large machine.
  const child = Child.start(process.execPath, ['--max-semi-space-size=16', ...nodeFlags, ENTRY, 'serve'], {
    core: cores.peer,
    cwd: directory,
    logFile: join(directory, 'omnigate.log'),
    env: {
      PORT: String(port),
      HOST: '127.0.0.1',
      OMNI_DATA_DIR: join(directory, 'data'),
      ADMIN_API_KEY: ADMIN_KEY,
      OMNI_MASTER_KEY: 'bench-master-key-0123456789abcdef-0123456789',
      OMNI_LOG_CALLS: String(logCalls),
      NODE_ENV: 'production',
      // As `npm start` and the image set it: one malloc arena instead of one a thread, 50 MB less.
      MALLOC_ARENA_MAX: '1',
      DATABASE_URL: '',
      REDIS_URL: '',
      ...environment,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  const readyMs = await untilReady(child, () => isOk(`${url}/health/ready`), { sinceMs, what: `OmniGate (${name})` });
  return { child, port, url, readyMs };
}

async function startOmniGate(context, environment, { limited = false } = {}) {
  const { child, port, url, readyMs } = await launch(context, environment);
  const key = await register(url, context.upstreamPort);
  if (limited) await limit(url);
  await untilServed(child, port, key);
  return {
    port,
    readyMs,
    url,
    accounts: { gateway: [child.pid] },
    target: (kind) => ({
      port,
      path: '/v1/chat/completions',
      headers: {},
      calls: [{ key, model: MODELS[kind].alias, expectedModel: MODELS[kind].alias }],
    }),
    stop: () => child.stop(),
    lastWords: () => child.lastWords(),
  };
}

/** A request to the admin API; throws unless it answers 2xx. */
export async function admin(url, method, path, body) {
  const answer = await ask(`${url}/admin/v1${path}`, {
    method,
    headers: { 'x-admin-key': ADMIN_KEY, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    timeoutMs: 15_000,
  });
  if (answer.status < 200 || answer.status > 299) {
    throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`);
  }
  return answer.text === '' ? null : JSON.parse(answer.text);
}

const LIMITS = {
  rpm_limit: 1_000_000_000,
  tpm_limit: 1_000_000_000_000,
  concurrency_limit: 1_000_000,
  daily_budget: 1_000_000,
  monthly_budget: 10_000_000,
};

/** Sets limits on the bench's key, its project and its organisation. */
async function limit(url) {
  for (const resource of ['keys', 'projects', 'orgs']) {
    const { data } = await admin(url, 'GET', `/${resource}`);
    for (const { id } of data) await admin(url, 'PATCH', `/${resource}/${id}`, LIMITS);
  }
}

/** The models of the bench and one key. */
export async function register(url, upstreamPort) {
  for (const { alias, upstream } of Object.values(MODELS)) {
    const backends = [{ url: `http://127.0.0.1:${upstreamPort}`, weight: 1 }];
    await admin(url, 'POST', '/models', {
      name: alias,
      model_id: upstream,
      transforms: { rewrite_model_name: true },
      backends,
    });
  }
  const made = await admin(url, 'POST', '/keys', { name: 'bench' });
  if (typeof made.key !== 'string') throw new Error(`POST /keys shows no key: ${JSON.stringify(made).slice(0, 300)}`);
  return made.key;
}

async function untilServed(child, port, key) {
  const call = async () => {
    const answer = await ask(`http://127.0.0.1:${port}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    return answer.status === 200 && Object.values(MODELS).every(({ alias }) => answer.text.includes(`"${alias}"`));
  };
  await untilReady(child, call, { sinceMs: performance.now(), limitMs: 10_000, everyMs: 50, what: 'the catalogue' });
}

export const version = () => JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version;
