import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Recorded traffic of real providers; it lies beside the repository and is no part of it. */
const RECORDED = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'wire');
export const haveRecordings = existsSync(join(RECORDED, 'index.json'));

/** What the tests read of a recorded exchange. */
export interface Exchange {
  readonly id: string;
  readonly provider: string;
  readonly model: string | null;
  readonly tags: readonly string[];
  readonly request: { readonly path?: string; readonly body?: unknown } | null;
  readonly response: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly sse?: string;
    readonly ndjson?: string;
    /** A stream as one JSON list, as it came. */
    readonly raw?: string;
    readonly base64?: string;
    readonly text?: string;
  };
}

/** All exchanges of these wires, by the names of their files; empty where the recordings are absent. */
export function exchangesOf(wires: readonly string[]): [name: string, exchange: Exchange][] {
  return wires
    .flatMap((wire) => globSync(join(RECORDED, wire, '*.json')))
    .sort()
    .map((file) => [basename(file, '.json'), JSON.parse(readFileSync(file, 'utf8')) as Exchange]);
}
