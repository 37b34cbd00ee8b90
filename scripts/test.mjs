/**
 * What `npm test` runs: every kind of test, against a local PostgreSQL and Redis where they are installed (or those named by
 * TEST_DATABASE_URL and TEST_REDIS_URL). Arguments go to jest: `npm test -- --selectProjects unit`.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runWithLocalServers } from './local-servers.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function announce({ databaseUrl, redisUrl }) {
  tell('PostgreSQL', databaseUrl, 'TEST_DATABASE_URL', 'postgresql');
  tell('Redis', redisUrl, 'TEST_REDIS_URL', 'redis-server');
  if (spawnSync('helm', ['version']).status !== 0)
    process.stdout.write('helm: none found, the rendering of the chart is NOT tested; its values and settings are.\n');
}

function tell(server, url, variable, debianPackage) {
  const text = url
    ? `${server}: ${process.env[variable] ? `the one in ${variable}` : `a throw-away one at ${new URL(url).host}`}`
    : `${server}: none found, its tests are SKIPPED. Install ${debianPackage} or set ${variable}.`;
  process.stdout.write(`${text}\n`);
}

process.chdir(root);
process.exitCode = await runWithLocalServers(
  process.execPath,
  [
    // jest needs the flag for ES modules; Node says at every start that it is an experiment.
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
    ...process.argv.slice(2),
  ],
  announce,
);
