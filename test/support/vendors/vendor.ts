/** What a scripted vendor says: its parts in the order of the fields. Absent parts are not said. */
export interface SpokenAnswer {
  /** `proof`: what the vendor wants back with the thought: a signature, or the thought itself encrypted. */
  readonly reasoning?: { readonly text: string; readonly proof: string } | undefined;
  readonly text?: string | undefined;
  readonly calls?: readonly SpokenCall[] | undefined;
  /** Absent: by itself, or by its calls. */
  readonly end?: 'length' | 'filter' | undefined;
  /** Absent: `USAGE`. */
  readonly usage?: SpokenUsage | undefined;
}

export interface SpokenCall {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Tokens; `cached` is a part of `input`, `reasoning` of `output`. */
export interface SpokenUsage {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
}

export const USAGE: SpokenUsage = { input: 112, cached: 40, output: 37, reasoning: 20 };

/** One vendor's way to answer: written by hand from its documentation. */
export interface Vendor {
  whole(answer: SpokenAnswer): object;
  /** The text of a whole event stream. */
  stream(answer: SpokenAnswer): string;
  /** The body of an error in the vendor's words. */
  refusal(message: string): object;
  /** The event by which an overloaded vendor breaks a stream off that has begun. */
  readonly overload: string;
}

export type SpokenEnd = 'stop' | 'calls' | 'length' | 'filter';

export const endOf = (answer: SpokenAnswer): SpokenEnd =>
  answer.end ?? ((answer.calls ?? []).length > 0 ? 'calls' : 'stop');

/** In three pieces, as a vendor that streams cuts its words. */
export function pieces(text: string): string[] {
  const third = Math.ceil(text.length / 3);
  return [text.slice(0, third), text.slice(third, 2 * third), text.slice(2 * third)].filter((piece) => piece !== '');
}

export const dataLines = (events: readonly unknown[]): string =>
  events.map((data) => `data: ${JSON.stringify(data)}\n\n`).join('');

export type NamedEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/** With the `event:` line of the vendors that name their events. */
export const namedLines = (events: readonly NamedEvent[]): string =>
  events.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join('');
