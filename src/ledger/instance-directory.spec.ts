import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { InstanceDirectory } from './instance-directory.js';

describe('the directory of a process', () => {
  let root: string;
  const open: InstanceDirectory[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'instances-'));
  });
  afterEach(async () => {
    for (const instance of open.splice(0)) await instance.release(false).catch(() => undefined);
    rmSync(root, { recursive: true, force: true });
  });

  async function instance(): Promise<InstanceDirectory> {
    const made = await InstanceDirectory.create(root, Date.now());
    open.push(made);
    return made;
  }
  const names = (paths: string[]) => paths.map((path) => basename(path)).sort();

  it('is left alone while the process lives and adopted by one other when it is dead', async () => {
    const [first, second, dead] = [await instance(), await instance(), await instance()];
    expect(await first.adopt(Date.now())).toEqual([]);
    writeFileSync(join(dead.path, 'segment'), 'x');
    await dead.release(false);
    const adopted = await Promise.all([first.adopt(Date.now()), second.adopt(Date.now())]);
    expect(adopted.flat()).toHaveLength(1);
    expect(existsSync(join(adopted.flat()[0] as string, 'segment'))).toBe(true);
    expect(names(readdirSync(root))).toEqual(names([first.path, second.path]));
  });

  it('passes on what it had adopted itself', async () => {
    const [first, second] = [await instance(), await instance()];
    await first.release(false);
    await second.adopt(Date.now());
    await second.release(true);
    const third = await instance();
    expect(names(await third.adopt(Date.now()))).toEqual(names([first.path, second.path]));
  });

  it('is removed when nothing in it is needed', async () => {
    const alone = await instance();
    await alone.release(true);
    expect(readdirSync(root)).toEqual([]);
  });

  it('works under a path longer than a socket address', async () => {
    root = join(root, 'd'.repeat(120));
    const [alive, other] = [await instance(), await instance()];
    expect(await other.adopt(Date.now())).toEqual([]);
    await alive.release(false);
    expect(names(await other.adopt(Date.now()))).toEqual(names([alive.path]));
  });

  it('clears away what a process left that died while it made its directory, but nothing fresh', async () => {
    const alive = await instance();
    for (const name of ['.new-old', '.new-fresh']) mkdirSync(join(root, name));
    utimesSync(join(root, '.new-old'), new Date(0), new Date(0));
    expect(await alive.adopt(Date.now())).toEqual([]);
    expect(readdirSync(root).sort()).toEqual(['.new-fresh', basename(alive.path)].sort());
  });
});
