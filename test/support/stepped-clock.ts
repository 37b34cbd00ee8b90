import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/** A wall clock of gateways that can be stepped while they run. */
export class SteppedClock {
  private readonly directory = mkdtempSync(join(tmpdir(), 'omni-clock-'));
  private readonly file = join(this.directory, 'step-ms');

  constructor() {
    writeFileSync(this.file, '0');
  }

  /** The environment of processes that go by this clock. */
  get env(): Record<string, string> {
    const preload = pathToFileURL(join(import.meta.dirname, 'clock-preload.mjs')).href;
    return { NODE_OPTIONS: `--import=${preload}`, TEST_CLOCK_FILE: this.file };
  }

  /** Sets the clock to the true time and `ms`; in force when this resolves. */
  async stepTo(ms: number): Promise<void> {
    writeFileSync(`${this.file}.new`, String(ms));
    renameSync(`${this.file}.new`, this.file);
    await sleep(100);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
