import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeEachDatabase } from '../../support/databases.js';

const ROOT = process.cwd();
const ROUNDS = 12;

/** What one process was promised, or reported. */
interface Run {
  output: string;
  exit: Promise<void>;
  child: ChildProcess;
}

describe('a killed process', () => {
  beforeAll(() => execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs')]), 60_000);

  describeEachDatabase((database) => {
    let directory: string;

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'omnigate-kill-'));
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    function start(mode: 'load' | 'report'): Run {
      const url = database.config.database.url;
      const env = { ...process.env, OMNI_DATA_DIR: directory, ...(url === null ? {} : { DATABASE_URL: url }) };
      const child = spawn(process.execPath, [join(ROOT, 'test/integration/ledger/ledger-process.mjs'), mode], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const run: Run = { output: '', child, exit: new Promise((resolve) => child.once('close', () => resolve())) };
      child.stdout.setEncoding('utf8').on('data', (text: string) => (run.output += text));
      return run;
    }

    async function killedAtRandom(round: number): Promise<string> {
      const run = start('load');
      // Every third one is killed while it starts or still reads what the others left.
      if (round % 3 === 2) await sleep(300 + Math.random() * 700);
      else {
        for (let waited = 0; run.output === '' && waited < 20_000; waited += 5) await sleep(5);
        await sleep(Math.random() * 400);
      }
      run.child.kill('SIGKILL');
      await run.exit;
      return run.output;
    }

    const idsOf = (output: string, kind: string): string[] =>
      output
        .split('\n')
        .flatMap((line) => (line.startsWith(`${kind} `) && line.length >= 38 ? [line.slice(2, 38)] : []));

    it('leaves each call it had accepted with exactly one record: its own, or one that says it died', async () => {
      let promised = '';
      for (let round = 0; round < ROUNDS; round += 1) promised += await killedAtRandom(round);
      const report = start('report');
      await report.exit;
      expect(report.output).toContain('done');

      const outcomes = new Map<string, string[]>();
      for (const line of report.output.split('\n')) {
        const [kind, id, outcome] = line.split(' ');
        if (kind === 'R') outcomes.set(id as string, [...(outcomes.get(id as string) ?? []), outcome as string]);
      }
      const [begun, ended] = [idsOf(promised, 'B'), idsOf(promised, 'E')];
      expect(begun.length).toBeGreaterThan(500);
      expect(ended.length).toBeGreaterThan(300);
      expect(begun.filter((id) => outcomes.get(id)?.length !== 1)).toEqual([]);
      expect(ended.filter((id) => outcomes.get(id)?.[0] !== 'ok')).toEqual([]);
      // Nothing but one record a call, and at least the twenty that were running at each kill have died.
      expect([...outcomes.values()].filter((all) => all.length > 1)).toEqual([]);
      expect([...outcomes.values()].filter(([outcome]) => outcome === 'died').length).toBeGreaterThanOrEqual(20 * 4);
      // Each of them counted once, in the hour's figures and in what was spent.
      const [counted, ...others] = (/^T (.+)$/m.exec(report.output)?.[1] ?? '').split('|');
      expect(counted).toMatch(/^\d{3,} [1-9]\d+$/);
      expect(others).toEqual([counted, counted]);
      expect(readdirSync(join(directory, 'journal'))).toEqual([]);
    }, 180_000);
  });
});
