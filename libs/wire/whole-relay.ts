import { isUtf8 } from 'node:buffer';
import type { EmbeddingFormatId, RerankFormatId, Usage } from '../protocol/index.js';
import { ByteEdits, ObjectScan, OPEN_BRACKET, skipSpace } from '../streaming/index.js';
import { readUsage } from './openai-chat/usage.js';
import { readCohereUsage, readSearchUnits } from './usage/cohere.js';

const ANSWER = new ObjectScan(['model', 'usage', 'meta', 'error', 'data', 'results', 'embeddings'] as const);
const MODEL = ANSWER.slot('model');
const ITEM = new ObjectScan(['embedding'] as const);
const EDITS = new ByteEdits();

/** The formats whose bodies are passed on without being translated where caller and provider speak the same. */
export const RELAYED_WHOLE: ReadonlySet<EmbeddingFormatId | RerankFormatId> = new Set([
  'openai-embeddings',
  'cohere-embed',
  'cohere-rerank',
  'jina-rerank',
] as const);

/** An answer that may be passed on. */
export interface RelayedWhole {
  /** The upstream's own buffer where nothing had to change. */
  readonly body: Buffer;
  readonly usage: Usage | null;
  readonly searchUnits: number | undefined;
}

/**
 * Relays an answer of embeddings or reranking: only the value of the top-level `model` is replaced. `null` for what is no good
 * answer, or is not in the encoding that was asked for: whoever decodes it will find out what it is.
 * @param alias the name the caller used; `null` leaves the upstream's
 * @param wantsBase64 whether vectors must be texts
 */
export function relayWholeAnswer(body: Buffer, alias: string | null, wantsBase64: boolean): RelayedWhole | null {
  if (!isUtf8(body) || ANSWER.run(body) !== 'ok' || ANSWER.duplicate >= 0) return null;
  if (isThere(body, 'error') || !['data', 'results', 'embeddings'].some((name) => isThere(body, name as 'data')))
    return null;
  if (wantsBase64 && hasNumbers(body)) return null;
  const meta = valueOf(body, 'meta');
  return {
    usage: ANSWER.has(ANSWER.slot('usage')) ? readUsage(valueOf(body, 'usage')) : readCohereUsage(meta),
    searchUnits: readSearchUnits(meta),
    body: renamed(body, alias),
  };
}

type Name = 'error' | 'data' | 'results' | 'embeddings' | 'usage' | 'meta';

function isThere(body: Buffer, name: Name): boolean {
  const slot = ANSWER.slot(name);
  return ANSWER.has(slot) && body.toString('latin1', ANSWER.valueStart(slot), ANSWER.valueStart(slot) + 4) !== 'null';
}

function valueOf(body: Buffer, name: Name): unknown {
  const slot = ANSWER.slot(name);
  if (!ANSWER.has(slot)) return undefined;
  try {
    return JSON.parse(body.toString('utf8', ANSWER.valueStart(slot), ANSWER.valueEnd(slot)));
  } catch {
    // A bad escape makes the value unreadable after all.
    return undefined;
  }
}

/** Some servers write floats whatever they are asked for. */
function hasNumbers(body: Buffer): boolean {
  const data = ANSWER.slot('data');
  if (!ANSWER.has(data)) return false;
  const end = ANSWER.valueEnd(data);
  ITEM.runAt(body, skipSpace(body, ANSWER.valueStart(data) + 1, end), end);
  return ITEM.has(0) && body[ITEM.valueStart(0)] === OPEN_BRACKET;
}

function renamed(body: Buffer, alias: string | null): Buffer {
  if (alias === null || !ANSWER.has(MODEL)) return body;
  EDITS.clear();
  EDITS.add(ANSWER.valueStart(MODEL), ANSWER.valueEnd(MODEL), Buffer.from(JSON.stringify(alias)));
  return EDITS.apply(body, 0, body.length);
}
