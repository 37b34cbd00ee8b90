import { isSchema, type JsonFrame, type JsonLeaf, jsonLeaves } from './json-leaves.js';
import { dealtOut, isMarker, marker, redacted, type Redaction, settled } from './redaction.js';
import { kindOfName } from './secret-names.js';
import { namedMarker } from './secret-patterns.js';
import { MAX_SANITISED_CHARACTERS, oversize, textRedactions } from './sanitise-text.js';

/** How deep JSON may lie in strings of JSON and is still read as such; deeper it is text. */
const MAX_NESTED_TEXTS = 8;
/** Deeper values of a stream are looked at one by one and not joined over its events. */
const MAX_JOINED_DEPTH = 64;

/** A JSON text within a larger one: an event of a stream, or the whole. */
export interface JsonDocument {
  readonly text: string;
  /** Where it begins in the whole. */
  readonly offset: number;
}

/** A leaf with what becomes of it. */
interface Judged {
  readonly leaf: JsonLeaf;
  readonly offset: number;
  /** Stands in the place of the whole value; `null` when there is nothing about its name. */
  readonly marker: string | null;
  /** What must not stay of a value that is not replaced whole. */
  readonly redactions: readonly Redaction[];
}

const NONE: readonly Redaction[] = [];

/**
 * What must not stay of the JSON documents of a text: values under telling names at any depth, and what looks like a secret in
 * any string or key. What is left is JSON as before. Strings that grow over the events of a stream are read joined as well, so
 * that a secret does not get through in pieces; an array at the top of the only document is such a stream.
 * @returns `null` for a document that is no JSON
 */
export function jsonRedactions(documents: readonly JsonDocument[], nested = 0): (Redaction[] | null)[] {
  const judged = documents.map(
    ({ text, offset }) => jsonLeaves(text)?.map((leaf) => judge(leaf, offset, nested)) ?? null,
  );
  const isStream = documents.length > 1 || /^\s*\[/.test(documents[0]?.text ?? '');
  const joined = isStream && nested === 0 ? judgeJoined(judged.flatMap((leaves) => leaves ?? [])) : null;
  return judged.map((leaves) => leaves?.flatMap((one) => redactionOf(one, joined?.get(one))) ?? null);
}

/**
 * A JSON value without secrets. Values under telling names at any depth are replaced, so is what looks like a secret in any
 * string; numbers under other names, `null` and booleans stay.
 * @returns a value of its own; a marker where `value` has no JSON or one of more than `MAX_SANITISED_CHARACTERS`
 */
export function sanitiseJson(value: unknown): unknown {
  const text = textOf(value);
  if (text === undefined) return marker('unreadable');
  if (text.length > MAX_SANITISED_CHARACTERS) return marker('oversize');
  return JSON.parse(redacted(text, jsonRedactions([{ text, offset: 0 }])[0] ?? oversize(text)));
}

function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    // A circle, a bigint, or deeper than the stack.
    return undefined;
  }
}

function redactionOf({ leaf, offset, marker: named, redactions }: Judged, joined = NONE): Redaction[] {
  if (named === null && redactions.length === 0 && joined.length === 0) return [];
  const value = named ?? redacted(leaf.value, settled([...redactions, ...joined]));
  return [{ start: offset + leaf.start, end: offset + leaf.end, replacement: JSON.stringify(value) }];
}

function judge(leaf: JsonLeaf, offset: number, nested: number): Judged {
  const named = leaf.kind === 'number' ? markerOfNumber(leaf) : markerOfString(leaf);
  const inText = named === null && leaf.kind !== 'number' && !isMarker(leaf.value);
  return { leaf, offset, marker: named, redactions: inText ? stringRedactions(leaf.value, nested) : NONE };
}

function markerOfNumber({ name }: JsonLeaf): string | null {
  const kind = kindOfName(name);
  return kind === 'secret' || kind === 'identity' ? namedMarker(name) : null;
}

function markerOfString(leaf: JsonLeaf): string | null {
  if (leaf.kind === 'key' || leaf.value === '' || isMarker(leaf.value)) return null;
  const name = secretNameOf(leaf);
  return name === null ? null : namedMarker(kindOfName(name) === 'blob' ? `${name}_blob` : name);
}

function stringRedactions(value: string, nested: number): Redaction[] {
  if (value.length > MAX_SANITISED_CHARACTERS) return oversize(value);
  if (nested < MAX_NESTED_TEXTS && /^\s*[{["]/.test(value)) {
    const [found] = jsonRedactions([{ text: value, offset: 0 }], nested + 1);
    if (found) return found;
  }
  return textRedactions(value);
}

/** The name that makes a secret of a leaf, its own or that of an object or array around it. */
function secretNameOf(leaf: JsonLeaf): string | null {
  if (isSecretHere(leaf)) return leaf.name;
  const around = leaf.frame?.secret ?? null;
  if (around === null) return null;
  return !isSchema(around) || isSample(leaf, around) ? around.name : null;
}

function isSecretHere({ name, frame }: JsonLeaf): boolean {
  const kind = kindOfName(name);
  // The token of a log probability is a word of the answer.
  return kind !== null && !(kind === 'ambiguous' && frame?.hasLogprob === true && !frame.isArray);
}

/** Whether a leaf of a field's description is a value of the field. */
function isSample(leaf: JsonLeaf, schema: JsonFrame): boolean {
  const direct = leaf.frame === schema || (leaf.frame?.isArray === true && leaf.frame.parent === schema);
  return direct && /^(?:default|const|enum|examples?)$/.test(leaf.name);
}

/** Reads strings that stand at the same place of several documents as one, and says what must not stay of each by that. */
function judgeJoined(judged: readonly Judged[]): Map<Judged, readonly Redaction[]> {
  const groups = new Map<string, Judged[]>();
  for (const one of judged) {
    if (one.leaf.kind !== 'string' || (one.leaf.frame?.depth ?? 0) > MAX_JOINED_DEPTH) continue;
    const place = placeOf(one.leaf);
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [one]);
    else group.push(one);
  }
  return new Map([...groups.values()].filter(isGrowing).flatMap(redactionsOfGroup));
}

/** Whether the strings add up to something: what every event repeats, as an id or a model's name, does not. */
function isGrowing(group: readonly Judged[]): boolean {
  return group.some(({ leaf }) => leaf.value !== group[0]?.leaf.value);
}

function redactionsOfGroup(group: readonly Judged[]): [Judged, readonly Redaction[]][] {
  const texts = group.map(({ leaf, marker: named }) => named ?? leaf.value);
  const found = textRedactions(texts.join(''));
  const dealt = dealtOut(
    texts.map(({ length }) => length),
    found,
  );
  return group.map((one, index) => [one, dealt[index] ?? NONE]);
}

/** Keys from the outside in, and what tells parallel parts apart. */
function placeOf(leaf: JsonLeaf): string {
  let place = leaf.name;
  for (let frame = leaf.frame; frame !== null; frame = frame.parent) place = `${frame.name}(${frame.marks}).${place}`;
  return place;
}
