import type { DestinationStream } from 'pino';

const FLUSH_MS = 10;
const FLUSH_CHARS = 32_768;

/** Gathers log lines, so that they leave some ten milliseconds' worth at a time: a write of each would wake a thread for each. */
export class LineBatch {
  private pending = '';
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly out: DestinationStream) {}

  /** @param line with its line feed */
  write(line: string): void {
    this.pending += line;
    if (this.pending.length >= FLUSH_CHARS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.pending === '') return;
    const lines = this.pending;
    this.pending = '';
    this.out.write(lines);
  }
}
