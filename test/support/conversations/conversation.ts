import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Shape } from '../shapes/shape.js';

/** What a caller asks besides its words, in no dialect's. */
export interface Opening {
  readonly model: string;
  readonly instructions?: string;
  readonly maxTokens?: number;
  readonly tools?: readonly ToolSpec[];
  /** Of the JSON that is wanted as the answer. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** Whether the model is to think, a little. */
  readonly thinks?: boolean;
  readonly toolChoice?: 'required' | 'none';
}

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ToolOutcome {
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

/** What a caller made of an answer, in no dialect's words. */
export interface Told {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  readonly end: 'stop' | 'calls' | 'length' | 'filter' | `unknown: ${string}`;
  readonly usage: {
    readonly input: number;
    readonly cached: number;
    readonly output: number;
    readonly reasoning: number;
  };
  /** What the gateway says was lost of the request. */
  readonly loss: string | null;
}

/** A caller that keeps the history as its dialect's documentation says: what it got goes back as it came. */
export interface Conversation {
  /** `images`: base64 of PNGs, or URLs. */
  say(text: string, images?: readonly string[]): Promise<Told>;
  give(outcomes: readonly ToolOutcome[]): Promise<Told>;
}

export interface Line {
  readonly url: string;
  readonly key: string;
  readonly streams: boolean;
}

export type Converse = (line: Line, opening: Opening) => Conversation;

/** The gateway, or the provider through it, refused. */
export class DialectFailure extends Error {
  constructor(
    readonly status: number,
    readonly said: { message: string; type: string },
  ) {
    super(`${String(status)} ${said.type}: ${said.message}`);
  }
}

/** A stream told of an error after it had begun. */
export class BrokenStream extends Error {}

export interface Reply {
  readonly text: string;
  readonly loss: string | null;
}

/** @throws DialectFailure, by what `errorOf` reads of the body */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: object,
  error: { readonly shape: Shape; readonly read: (body: any) => { message: string; type: string } },
): Promise<Reply> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const length = answer.headers.get('content-length');
  if (length !== null && Number(length) !== Buffer.byteLength(text)) throw new Error(`the length is told as ${length}`);
  if (answer.ok) return { text, loss: answer.headers.get('x-omni-loss') };
  const type = answer.headers.get('content-type') ?? '';
  if (!type.startsWith('application/json')) throw new Error(`a refusal comes as ${type}`);
  const failed: unknown = JSON.parse(text);
  expectShape(error.shape, failed);
  throw new DialectFailure(answer.status, error.read(failed));
}

/** @throws Error that names what is not as the dialect is documented */
export function expectShape(shape: Shape, value: unknown): void {
  const faults = shape(value, '');
  if (faults.length > 0) throw new Error(`${faults.join('; ')}: ${JSON.stringify(value)}`);
}

/** @throws Error where the last event is not closed by a blank line */
export function eventsOf(text: string): EventSourceMessage[] {
  if (!text.endsWith('\n\n')) throw new Error(`the stream ends without a blank line: ${text.slice(-80)}`);
  const events: EventSourceMessage[] = [];
  createParser({ onEvent: (event) => events.push(event) }).feed(text);
  return events;
}

/** Arguments that the limit of tokens cut off may be no JSON. */
export function inputOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return { cut: json };
  }
}

/** Of counts; absent ones count nothing. */
export const sum = (...counts: readonly (number | null | undefined)[]): number =>
  counts.reduce<number>((all, one) => all + (one ?? 0), 0);

/** As the dialects that take data in URLs want an image. */
export const imageUrl = (image: string): string =>
  image.startsWith('http') ? image : `data:image/png;base64,${image}`;
