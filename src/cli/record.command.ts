import { type Command, InvalidArgumentError } from 'commander';
import { packageVersion } from '../config/package-version.js';
import { checkUrl } from '../infra/http/address-policy.js';
import type { CapturedExchange } from './record/captured-exchange.js';

interface RecordOptions {
  upstream: string;
  out: string;
  port: number;
  provider?: string;
  wire?: string;
  maxBodyBytes: number;
  limit: number;
}

const DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024;
const DEFAULT_LIMIT = 1000;
/** npm passes on a signal that the terminal has sent already: what comes so soon is that same one again. */
const SAME_SIGNAL_MS = 500;

export function addRecord(program: Command): void {
  program
    .command('record')
    .description(
      'stand between an SDK and a provider, and keep what passes, without credentials, as fixtures for tests',
    )
    .requiredOption(
      '--upstream <url>',
      "where calls go on to, as in https://api.openai.com; an SDK's path comes behind it",
    )
    .requiredOption('--out <dir>', 'where the recordings go, one file an exchange; made when it is not there')
    .option('--port <port>', 'on this machine only; 0 takes a free one', wholeNumber(0, 65_535), 8787)
    .option('--provider <name>', 'who answers, where the host does not tell', plainName)
    .option('--wire <name>', 'which wire format is spoken, where the path does not tell, as in openai.chat', plainName)
    .option(
      '--max-body-bytes <bytes>',
      'larger bodies pass and are not recorded',
      wholeNumber(1, 1 << 30),
      DEFAULT_MAX_BODY_BYTES,
    )
    .option(
      '--limit <exchanges>',
      'calls beyond it pass and are not recorded',
      wholeNumber(1, 1_000_000),
      DEFAULT_LIMIT,
    )
    .action(record);
}

async function record(options: RecordOptions): Promise<void> {
  const upstream = checkUrl(options.upstream, 'administrator', [], '--upstream');
  const { RecordingProxy } = await import('./record/recording-proxy.js');
  const { Recordings } = await import('./record/recordings.js');
  const { recordingOf } = await import('./record/recorded-exchange.js');
  const recordings = new Recordings(options.out);
  const names = {
    provider: options.provider ?? null,
    wire: options.wire ?? null,
    recorder: `omnigate ${packageVersion()}`,
  };
  let count = 0;
  const keep = (exchange: CapturedExchange): void => {
    if (count >= options.limit) {
      say(`not recorded: the limit of ${options.limit} is reached`);
      return;
    }
    const file = recordings.add(recordingOf(exchange, names, Date.now()));
    count += 1;
    process.stdout.write(`${exchange.status} ${file}\n`);
  };
  const proxy = await RecordingProxy.start({
    upstream,
    port: options.port,
    maxBodyBytes: options.maxBodyBytes,
    onExchange: (exchange) => attempt(() => keep(exchange)),
    onLoss: (what) => say(`not recorded: ${what}`),
  });
  process.stdout.write(`Recording ${proxy.url} → ${upstream.href} into ${options.out}. Ctrl-C ends it.\n`);
  await untilStopped();
  await proxy.stop();
  process.stdout.write(`${count} recorded\n`);
  process.exit(0);
}

function attempt(keep: () => void): void {
  try {
    keep();
  } catch (error) {
    say(`not recorded: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The first signal ends it; a second one, while exchanges under way are waited for, at once. */
async function untilStopped(): Promise<void> {
  await new Promise<void>((resolve) => {
    let firstAtMs: number | null = null;
    const received = (): void => {
      const now = performance.now();
      firstAtMs ??= now;
      resolve();
      if (now - firstAtMs > SAME_SIGNAL_MS) process.exit(130);
    };
    process.on('SIGINT', received);
    process.on('SIGTERM', received);
  });
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,10}$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function plainName(text: string): string {
  if (/^[a-z0-9][a-z0-9_.-]{0,60}$/i.test(text)) return text;
  throw new InvalidArgumentError('It must be of letters, digits, dots, hyphens and underscores.');
}
