import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { FormatId } from '../../libs/protocol/index.js';
import { transcode, TRANSCODED, type Transcoded, WIRE_FORMATS } from '../../libs/wire/index.js';

interface TranscodeOptions {
  from: string;
  to: string;
  kind: string;
  model?: string;
  stream?: boolean;
  strict?: boolean;
}

const STANDARD_INPUT = 0;

export function addTranscode(program: Command): void {
  const formats = Object.keys(WIRE_FORMATS).join(', ');
  program
    .command('transcode')
    .description('put a request, an answer or a stream into another dialect; what is lost is told on standard error')
    .argument('[file]', 'the body; standard input if it is not given')
    .requiredOption('--from <format>', formats)
    .requiredOption('--to <format>', formats)
    .option('--kind <kind>', TRANSCODED.join(', '), 'request')
    .option('--model <name>', 'the model in the result, and of formats whose URL names it')
    .option('--stream', 'the request asks for a stream, for formats whose URL says so')
    .option('--strict', 'fail if anything is lost')
    .action((file: string | undefined, options: TranscodeOptions) => {
      const kind = chosen('--kind', options.kind, TRANSCODED) as Transcoded;
      const [from, to] = [formatIn('--from', options.from), formatIn('--to', options.to)];
      const bytes = readFileSync(file ?? STANDARD_INPUT);
      const { model, stream, strict } = options;
      const body: unknown = kind === 'stream' ? bytes : JSON.parse(bytes.toString('utf8'));
      const created = Math.floor(Date.now() / 1000);
      const result = transcode({ kind, from, to, body, model, origin: { model, stream }, created });
      for (const { path, reason } of result.reasons) console.error(`lost: ${path}: ${reason}`);
      const text = typeof result.body === 'string' ? result.body : `${JSON.stringify(result.body, null, 2)}\n`;
      process.stdout.write(text);
      if (strict === true && result.lossy) throw new Error('the translation loses something');
    });
}

const formatIn = (option: string, value: string): FormatId =>
  chosen(option, value, Object.keys(WIRE_FORMATS)) as FormatId;

function chosen(option: string, value: string, known: readonly string[]): string {
  if (known.includes(value)) return value;
  throw new Error(`${option} must be one of: ${known.join(', ')}`);
}
