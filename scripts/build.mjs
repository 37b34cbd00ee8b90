/**
 * Compiles src, libs, migrations and ormconfig.ts to dist/ with SWC and copies what they read at run time. Without
 * `--force` it does nothing when dist/ is already newer than every source, so that `npm start` costs a few milliseconds
 * and not a build.
 */
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stampFile = join(root, 'dist', '.built-from');
const sources = globSync(['src/**/*.ts', 'libs/**/*.ts', 'migrations/*.ts', 'ormconfig.ts'], { cwd: root }).filter(
  (file) => !file.endsWith('.spec.ts'),
);
const assets = globSync('src/**/*.br', { cwd: root });

function fingerprint() {
  const hash = createHash('sha256');
  for (const file of [...sources, ...assets, '.swcrc', 'package.json', 'scripts/build.mjs'].sort()) {
    const { mtimeMs, size } = statSync(join(root, file));
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}

async function build() {
  const { transform } = await import('@swc/core');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const swcrc = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
  delete swcrc.$schema;
  await Promise.all(
    sources.map(async (file) => {
      const out = join(root, 'dist', file.replace(/\.ts$/, '.js'));
      const { code, map } = await transform(readFileSync(join(root, file), 'utf8'), {
        ...swcrc,
        swcrc: false,
        filename: join(root, file),
        sourceFileName: join(root, file),
      });
      mkdirSync(dirname(out), { recursive: true });
      writeFileSync(out, `${code}\n//# sourceMappingURL=${out.split('/').pop()}.map\n`);
      if (map) writeFileSync(`${out}.map`, map);
    }),
  );
  for (const file of assets) {
    mkdirSync(dirname(join(root, 'dist', file)), { recursive: true });
    copyFileSync(join(root, file), join(root, 'dist', file));
  }
}

const wanted = fingerprint();
const current = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
if (process.argv.includes('--force') || current !== wanted) {
  await build();
  writeFileSync(stampFile, wanted);
}
