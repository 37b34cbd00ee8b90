/* eslint @typescript-eslint/no-unsafe-return: off -- the JSON of vendors is taken as it comes */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Usage } from '../../libs/protocol/index.js';
import {
  readAnthropicUsage,
  readCohereUsage,
  readConverseUsage,
  readGeminiUsage,
  readOllamaUsage,
  readUsage,
} from '../../libs/wire/index.js';

/** JSON nobody has checked. */

export type Json = any;

export interface Recording {
  readonly id: string;
  readonly wire: string;
  readonly provider: string;
  readonly model: string;
  readonly host: string | null;
  /** When it was recorded, where that is known. */
  readonly at: Date | null;
  /** The JSON documents of the answer, in order. */
  readonly documents: readonly Json[];
}

/** Recorded provider traffic; not part of the repository. */
export const RECORDINGS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'shared', 'wire');
export const haveRecordings = existsSync(join(RECORDINGS, 'index.json'));

export function recordings(): Recording[] {
  const folders = readdirSync(RECORDINGS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) =>
    readdirSync(join(RECORDINGS, name)).map((file) => {
      const { wire, provider, model, request, response } = JSON.parse(
        readFileSync(join(RECORDINGS, name, file), 'utf8'),
      );
      const date = Date.parse(response.headers?.date ?? '');
      return {
        id: `${name}/${file}`,
        wire,
        provider,
        model: (model ?? formField(request, 'model') ?? '') as string,
        host: request?.host ?? null,
        at: Number.isNaN(date) ? null : new Date(date),
        documents: documentsOf(response),
      };
    }),
  );
}

function formField(request: Json, name: string): string | undefined {
  const fields = (request?.body?.multipart ?? []) as Json[];
  return fields.find((field) => field.name === name)?.value as string | undefined;
}

function documentsOf(response: Json): Json[] {
  const events = [...(response.decoded_events ?? []), ...(response.events ?? [])].map(({ payload }) => payload);
  const lines = `${response.sse ?? ''}\n${response.ndjson ?? ''}`.split(/\r\n|\n|\r/);
  const texts = lines.map((line) => line.replace(/^data: ?/, '')).filter((line) => line.startsWith('{'));
  return [response.body, ...events, ...texts.flatMap(parsed)].flat().filter((item) => item !== undefined);
}

function parsed(text: string): Json[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

/** The usage of a dialect: where it stands in the answer, and what reads it. */
interface Dialect {
  readonly find: (document: Json) => Json;
  readonly read: (...found: Json[]) => Usage | null;
}

const last =
  (read: (value: Json) => Usage | null) =>
  (...found: Json[]): Usage | null =>
    read(found.at(-1));

const OPENAI: Dialect = { find: (document) => document.response?.usage ?? document.usage, read: last(readUsage) };
const ANTHROPIC: Dialect = {
  find: (document) => document.message?.usage ?? document.usage,
  read: readAnthropicUsage,
};
const GEMINI: Dialect = { find: (document) => document.usageMetadata, read: last(readGeminiUsage) };
const COHERE: Dialect = {
  find: (document) => document.delta?.usage ?? document.usage ?? document.meta,
  read: last(readCohereUsage),
};

const DIALECTS: Readonly<Record<string, Dialect>> = {
  'anthropic.messages': ANTHROPIC,
  'bedrock.invoke': ANTHROPIC,
  'bedrock.converse': { find: (document) => document.usage, read: last(readConverseUsage) },
  'cohere.chat': COHERE,
  'cohere.embed': COHERE,
  'gemini.generateContent': GEMINI,
  'gemini.embedContent': GEMINI,
  'ollama.chat': {
    find: (document) => (document.prompt_eval_count === undefined ? undefined : document),
    read: last(readOllamaUsage),
  },
};

/** The usage blocks of an answer in order, and what our reader makes of them; `null`: it has none. */
export function usageIn({ wire, documents }: Recording): { raw: Json[]; usage: Usage } | null {
  const name = wire.startsWith('ollama.') ? 'ollama.chat' : wire;
  const { find, read } = DIALECTS[name] ?? OPENAI;
  const raw = documents.map(find).filter((found) => found !== undefined && found !== null);
  const usage = read(...raw);
  return usage === null ? null : { raw, usage };
}
