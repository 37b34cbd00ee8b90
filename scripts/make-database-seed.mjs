/**
 * Makes the archive from which the embedded database starts the first time: a fresh data directory of the installed release
 * of PGlite. To be run after PGlite was updated; without it a first start still works, but takes seconds and a gigabyte.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const seeds = join(root, 'src', 'infra', 'database', 'embedded', 'seed');
const { version } = JSON.parse(readFileSync(join(root, 'node_modules/@electric-sql/pglite/package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'omnigate-seed-'));
const open = (extra = {}) => PGlite.create({ fs: new NodeFS(join(work, 'data')), ...extra });

try {
  // Small WAL segments: the first one is part of the archive and is written out at the first start.
  const database = await open({ initDbStartParams: ['--wal-segsize=1', '--no-sync'] });
  // One database is enough, the templates would triple the size. As nothing can connect to them they could not be
  // vacuumed either, and in time would exhaust the transaction numbers of all.
  await database.exec(
    `UPDATE pg_database SET datistemplate = false, datallowconn = true WHERE datname LIKE 'template%'`,
  );
  await database.exec('DROP DATABASE template0');
  await database.exec('DROP DATABASE template1');
  await database.exec('VACUUM (FREEZE, FULL)');
  await database.exec('CHECKPOINT');
  await database.close();
  // A second, clean run leaves the WAL short and the directory in the state of an orderly shutdown.
  await (await open()).close();
  const tar = join(work, 'seed.tar');
  const names = readdirSync(join(work, 'data')).filter((name) => !['postmaster.pid', 'postmaster.opts'].includes(name));
  execFileSync('tar', [
    ...['--format=ustar', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'],
    ...['-cf', tar, '-C', join(work, 'data'), ...names.sort()],
  ]);
  const content = readFileSync(tar);
  const packed = brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  rmSync(seeds, { recursive: true, force: true });
  mkdirSync(seeds, { recursive: true });
  writeFileSync(join(seeds, `pglite-${version}.tar.br`), packed);
  process.stdout.write(`pglite-${version}.tar.br: ${content.length} bytes packed to ${packed.length}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
