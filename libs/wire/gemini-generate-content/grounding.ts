import type { Citation, JsonFields, LossReport, Part, TextPart } from '../../protocol/index.js';
import { given, isFields, listOf, numberOf, objectOf, textOf } from '../fields.js';

type Out = Record<string, unknown>;

/** A citation as Google places it: in bytes of the UTF-8 text of a part. */
export interface PlacedCitation {
  readonly citation: Citation;
  /** Where the provider says it; often it does not. */
  readonly partIndex: number | undefined;
  readonly startByte: number | undefined;
  readonly endByte: number | undefined;
  /** The statement itself. */
  readonly statement: string | undefined;
}

/** What a candidate cites: sources it was grounded in, and texts it repeats. */
export function citationsOf(candidate: JsonFields): PlacedCitation[] {
  const grounding = objectOf(candidate, 'groundingMetadata');
  const repeated = objectOf(candidate, 'citationMetadata');
  return [
    ...(grounding === undefined ? [] : groundedIn(grounding)),
    ...(repeated === undefined ? [] : repeats(repeated)),
  ];
}

function groundedIn(grounding: JsonFields): PlacedCitation[] {
  const chunks = listOf(grounding, 'groundingChunks') ?? [];
  const supports = listOf(grounding, 'groundingSupports')?.filter(isFields) ?? [];
  return supports.flatMap((support): PlacedCitation[] => {
    const segment = objectOf(support, 'segment') ?? {};
    const place = {
      partIndex: numberOf(segment, 'partIndex'),
      startByte: numberOf(segment, 'startIndex') ?? 0,
      endByte: numberOf(segment, 'endIndex'),
      statement: textOf(segment, 'text'),
    };
    const indices = listOf(support, 'groundingChunkIndices') ?? [];
    return indices.flatMap((index): PlacedCitation[] => {
      const chunk = typeof index === 'number' ? chunks[index] : undefined;
      const citation = isFields(chunk) ? sourceOf(chunk) : null;
      return citation === null ? [] : [{ citation, ...place }];
    });
  });
}

/** A page of the web, a place of a map, or a document of the caller's. */
function sourceOf(chunk: JsonFields): Citation | null {
  const source = objectOf(chunk, 'web') ?? objectOf(chunk, 'maps') ?? objectOf(chunk, 'retrievedContext');
  if (source === undefined) return null;
  const url = textOf(source, 'uri');
  const title = textOf(source, 'title');
  return { kind: url === undefined ? 'document' : 'url', url, title, quote: textOf(source, 'text') };
}

function repeats(metadata: JsonFields): PlacedCitation[] {
  const list = listOf(metadata, 'citationSources') ?? listOf(metadata, 'citations') ?? [];
  return list.filter(isFields).map((source) => {
    const url = textOf(source, 'uri');
    return {
      citation: { kind: url === undefined ? 'other' : 'url', url, title: textOf(source, 'title') },
      partIndex: undefined,
      startByte: numberOf(source, 'startIndex') ?? 0,
      endByte: numberOf(source, 'endIndex'),
      statement: undefined,
    };
  });
}

/** The parts with their citations: on the part the provider names, else on the one that makes the statement, else on the last. */
export function withCitations(parts: Part[], placed: readonly PlacedCitation[]): Part[] {
  if (placed.length === 0) return parts;
  const found = new Map<number, Citation[]>();
  for (const one of placed) {
    const at = partOf(parts, one);
    if (at < 0) continue;
    const list = found.get(at) ?? [];
    list.push(inText(one, (parts[at] as TextPart).text));
    found.set(at, list);
  }
  return parts.map((part, index) =>
    part.type === 'text' && found.has(index) ? { ...part, citations: found.get(index) } : part,
  );
}

function partOf(parts: readonly Part[], { partIndex, statement }: PlacedCitation): number {
  if (partIndex !== undefined && parts[partIndex]?.type === 'text') return partIndex;
  const says =
    statement === undefined ? -1 : parts.findIndex((part) => part.type === 'text' && part.text.includes(statement));
  return says >= 0 ? says : parts.findLastIndex((part) => part.type === 'text' && part.text !== '');
}

function inText({ citation, startByte, endByte }: PlacedCitation, text: string): Citation {
  if (endByte === undefined) return citation;
  const bytes = Buffer.from(text);
  const unitsTo = (end: number): number => bytes.toString('utf8', 0, Math.min(end, bytes.length)).length;
  return { ...citation, start: unitsTo(startByte ?? 0), end: unitsTo(endByte) };
}

/** The same where the text is gone: bytes are places in it as long as all of it was ASCII. */
export function inStream({ citation, startByte, endByte }: PlacedCitation, isAscii: boolean): Citation {
  return isAscii && endByte !== undefined ? { ...citation, start: startByte ?? 0, end: endByte } : citation;
}

/** Collects citations of other formats and writes them as `groundingMetadata`. */
export class Grounding {
  readonly #chunks: Out[] = [];
  readonly #supports: Out[] = [];
  readonly #byUrl = new Map<string, number>();

  /** @param segment where it stands, in bytes */
  add({ url, title }: Citation, segment: Out, report: LossReport, path: string): void {
    if (url === undefined) {
      report.add(path, 'the target cites URLs only');
      return;
    }
    if (this.#supports.length >= MAX_CITATIONS) {
      report.add(path, `more than ${String(MAX_CITATIONS)} citations`);
      return;
    }
    let index = this.#byUrl.get(url);
    if (index === undefined) {
      index = this.#chunks.push({ web: given({ uri: url, title }) }) - 1;
      this.#byUrl.set(url, index);
    }
    this.#supports.push({ segment, groundingChunkIndices: [index] });
  }

  /** `undefined` when there were none. */
  fields(): Out | undefined {
    if (this.#supports.length === 0) return undefined;
    return { groundingChunks: this.#chunks, groundingSupports: this.#supports };
  }
}

/** Of one candidate. */
const MAX_CITATIONS = 1024;

/** Where a citation stands in the text of a part, in bytes. */
export function segmentOf({ start, end }: Citation, text: string, partIndex: number): Out {
  const from = start ?? 0;
  const to = end ?? text.length;
  return given({
    partIndex: partIndex === 0 ? undefined : partIndex,
    startIndex: Buffer.byteLength(text.slice(0, from)),
    endIndex: Buffer.byteLength(text.slice(0, to)),
    text: text.slice(from, to),
  });
}
