import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Recording } from './recorded-exchange.js';
import { recordingId } from './recorded-exchange.js';

/** A line of `index.json`. */
interface IndexEntry {
  readonly file: string;
  readonly [field: string]: unknown;
}

/** A directory of recordings with its `index.json`. Each is on disk, whole, before `add` returns. */
export class Recordings {
  #index: IndexEntry[];

  /** @throws Error when the directory cannot be made, or has an `index.json` that is none */
  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#index = indexIn(directory);
  }

  /** @returns the name of its file within the directory; one of the same content is one file */
  add(recording: Recording): string {
    const id = recordingId(recording);
    const file = `${id}.json`;
    this.#write(file, { id, ...recording });
    const { wire, provider, stream, model, tags, source, response, request } = recording;
    const entry = {
      file,
      wire,
      provider,
      stream,
      status: response['status'],
      model,
      has_request: request['body'] !== null,
      tags,
      licence: source['licence'],
      evidence: source['evidence'],
      framing: source['framing'],
    };
    this.#index = [...this.#index.filter((other) => other.file !== file), entry].sort((a, b) =>
      a.file < b.file ? -1 : 1,
    );
    this.#write('index.json', this.#index);
    return file;
  }

  #write(file: string, content: unknown): void {
    const path = join(this.directory, file);
    mkdirSync(dirname(path), { recursive: true });
    // Never half a file, whenever the process ends.
    writeFileSync(`${path}.part`, `${JSON.stringify(content, null, 1)}\n`);
    renameSync(`${path}.part`, path);
  }
}

function indexIn(directory: string): IndexEntry[] {
  const path = join(directory, 'index.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const entries = JSON.parse(text) as unknown;
  if (
    !Array.isArray(entries) ||
    !entries.every((entry: { file?: unknown } | null) => typeof entry?.file === 'string')
  ) {
    throw new Error(`${path} is not an index of recordings`);
  }
  return entries as IndexEntry[];
}
