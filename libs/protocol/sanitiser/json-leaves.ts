import { kindOfName } from './secret-names.js';

/** An object or array of a JSON text that is being walked. */
export interface JsonFrame {
  readonly parent: JsonFrame | null;
  readonly depth: number;
  /** The key it stands under; an element of an array has its array's. */
  readonly name: string;
  readonly isArray: boolean;
  /** Keys seen in it with a scalar value that tell one part of a stream from another, as in `index=1`. */
  marks: string;
  hasLogprob: boolean;
  /** The outermost of it and those around it whose name says that everything within is secret. */
  readonly secret: JsonFrame | null;
}

/** A key, a string or a number of a JSON text. */
export interface JsonLeaf {
  readonly frame: JsonFrame | null;
  /** The key it stands under, or that it is. */
  readonly name: string;
  readonly kind: 'key' | 'string' | 'number';
  /** Where it stands, quotes included. */
  readonly start: number;
  readonly end: number;
  /** A string's value; a number's text. */
  readonly value: string;
}

const MARKS = /^(?:index|output_index|content_index|summary_index|contentBlockIndex|item_id|choice_index)$/;
const LOGPROB = /^log_?prob(?:ability)?$/i;

/**
 * Every key, string and number of a JSON text with its place in it, so that some can be replaced and all else stays as it is to
 * the byte. `null` when the text is no JSON. Without recursion: depth costs memory only.
 */
export function jsonLeaves(text: string): JsonLeaf[] | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return new Walk(text).leaves();
}

/** Walks a text that is known to be JSON. */
class Walk {
  readonly #text: string;
  readonly #found: JsonLeaf[] = [];
  #at = 0;
  #frame: JsonFrame | null = null;
  #key = '';
  #keyNext = false;

  constructor(text: string) {
    this.#text = text;
  }

  leaves(): JsonLeaf[] {
    while (this.#at < this.#text.length) this.#token(this.#text[this.#at] ?? '');
    return this.#found;
  }

  #token(first: string): void {
    if (first === '"') this.#string();
    else if (first === '{' || first === '[') this.#open(first === '[');
    else if (first === '}' || first === ']') this.#close();
    else if (first === ',') this.#comma();
    else if (first === '-' || (first >= '0' && first <= '9')) this.#number();
    else this.#at++;
  }

  #open(isArray: boolean): void {
    const parent = this.#frame;
    const name = this.#nameHere();
    const depth = (parent?.depth ?? 0) + 1;
    const secret = parent?.secret ?? null;
    const frame = { parent, depth, name, isArray, marks: '', hasLogprob: false, secret };
    this.#frame = frame;
    if (kindOfName(name) !== null && (secret === null || isSchema(secret))) frame.secret = frame;
    this.#keyNext = !isArray;
    this.#at++;
  }

  #close(): void {
    this.#frame = this.#frame?.parent ?? null;
    this.#keyNext = false;
    this.#at++;
  }

  #comma(): void {
    this.#keyNext = this.#frame?.isArray === false;
    this.#at++;
  }

  #string(): void {
    const start = this.#at;
    const end = endOfString(this.#text, start);
    const raw = this.#text.slice(start + 1, end - 1);
    const value = raw.includes('\\') ? (JSON.parse(this.#text.slice(start, end)) as string) : raw;
    const kind = this.#keyNext ? 'key' : 'string';
    if (this.#keyNext) this.#key = value;
    this.#keyNext = false;
    this.#add(kind, start, end, value);
  }

  #number(): void {
    const start = this.#at;
    let end = start + 1;
    while (end < this.#text.length && /[\d.eE+-]/.test(this.#text[end] ?? '')) end++;
    this.#add('number', start, end, this.#text.slice(start, end));
  }

  #add(kind: JsonLeaf['kind'], start: number, end: number, value: string): void {
    const name = this.#nameHere();
    const frame = this.#frame;
    this.#found.push({ frame, name, kind, start, end, value });
    this.#at = end;
    if (frame === null || frame.isArray || kind === 'key') return;
    if (MARKS.test(name) && value.length <= 128) frame.marks += `${name}=${value};`;
    if (kind === 'number' && LOGPROB.test(name)) frame.hasLogprob = true;
  }

  #nameHere(): string {
    const frame = this.#frame;
    if (frame === null) return '';
    return frame.isArray ? frame.name : this.#key;
  }
}

/** Whether an object describes a field of its name (JSON Schema) and does not hold its value. */
export function isSchema(frame: JsonFrame): boolean {
  return !frame.isArray && frame.parent?.name === 'properties';
}

/** Behind the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
}
