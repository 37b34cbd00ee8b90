import type {
  Embedding,
  EmbeddingEncoding,
  EmbeddingInput,
  EmbeddingPurpose,
  EmbeddingRequest,
  LossReport,
} from '../protocol/index.js';
import { base64OfFloats, floatsOfBase64 } from '../protocol/index.js';
import { refuse } from './fields.js';

/** The largest number of inputs of any vendor; more are a mistake, and cost memory. */
const MAX_INPUTS = 4096;

/** @throws GatewayError 400 where there are none, or more than any vendor takes */
export function checkInputs(inputs: readonly unknown[], field: string): void {
  if (inputs.length === 0) refuse(field, `'${field}' must not be empty.`);
  if (inputs.length > MAX_INPUTS) refuse(field, `'${field}' has more than ${String(MAX_INPUTS)} entries.`);
}

/** Whether the input is texts and nothing else. */
export function isText({ parts }: EmbeddingInput): boolean {
  return parts.every(({ type }) => type === 'text');
}

/**
 * The input as one text, for targets that take nothing else.
 * @throws GatewayError 400 where it is something else
 */
export function textOfInput({ parts }: EmbeddingInput, at: number, report: Pick<LossReport, 'add'>): string {
  const texts = parts.map((part) => (part.type === 'text' ? part.text : refuseInput(at, part.type)));
  if (texts.length > 1) report.add(`inputs[${String(at)}].parts`, 'the texts are sent as one');
  return texts.join('\n');
}

const NAMES = { text: 'text', tokens: 'ids of tokens', image: 'images', audio: 'sound', video: 'films', file: 'files' };

/** An input the target cannot read. Leaving it out would shift all that follow. */
export function refuseInput(at: number, type: keyof typeof NAMES): never {
  return refuse('input', `Input ${String(at)} cannot be embedded: the model's provider takes no ${NAMES[type]} here.`);
}

/** Reports what of a request is set and not among `carried`. */
export function reportEmbedding(
  report: LossReport,
  request: EmbeddingRequest,
  carried: ReadonlySet<keyof EmbeddingRequest | 'title'>,
): void {
  for (const name of ['dimensions', 'purpose', 'truncate', 'normalize', 'user'] as const) {
    if (request[name] !== undefined && !carried.has(name)) report.add(name, 'not known to the target');
  }
  if (carried.has('title')) return;
  for (const [at, { title }] of request.inputs.entries()) {
    if (title !== undefined) report.add(`inputs[${String(at)}].title`, 'not known to the target');
  }
}

/** Reports encodings that the target does not write; base64 is made of its floats. */
export function reportEncodings(
  report: LossReport,
  { encodings = [] }: EmbeddingRequest,
  known: readonly string[],
): void {
  for (const encoding of encodings) {
    if (encoding !== 'base64' && !known.includes(encoding))
      report.add('encodings', `the target has no '${encoding}'; its floats are given`);
  }
}

/** A table of purposes, the other way round. */
export function purposesByWord(
  words: Readonly<Partial<Record<EmbeddingPurpose, string>>>,
): ReadonlyMap<string, EmbeddingPurpose> {
  return new Map(Object.entries(words).map(([purpose, word]) => [word, purpose as EmbeddingPurpose]));
}

/** The vector as floats, from whichever encoding has them; empty where none has. */
export function floatsOf({ vectors }: Embedding): readonly number[] {
  return vectors.float ?? (vectors.base64 === undefined ? [] : floatsOfBase64(vectors.base64));
}

/** The vector in an encoding; `undefined` where it cannot be had. */
export function vectorAs(embedding: Embedding, encoding: EmbeddingEncoding): readonly number[] | string | undefined {
  const { vectors } = embedding;
  if (encoding === 'float') return vectors.float ?? (vectors.base64 === undefined ? undefined : floatsOf(embedding));
  if (encoding !== 'base64') return vectors[encoding];
  return vectors.base64 ?? (vectors.float === undefined ? undefined : base64OfFloats(vectors.float));
}

/** A list of finite numbers, or `undefined`. */
export function numbersIn(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every((one) => typeof one === 'number' && Number.isFinite(one)) ? (value as number[]) : undefined;
}
