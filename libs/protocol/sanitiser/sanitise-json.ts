import { isSchema, type JsonFrame, type JsonLeaf, jsonLeaves } from './json-leaves.js';
import { dealtOut, isMarker, marker, redacted, type Redaction } from './redaction.js';
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

interface Judged {
  readonly leaf: JsonLeaf;
  readonly offset: number;
  readonly value: string;
  readonly changed: boolean;
}

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

function redactionOf({ leaf, offset, value, changed }: Judged, joined: string | undefined): Redaction[] {
  if (!changed && joined === undefined) return [];
  const replacement = JSON.stringify(joined ?? value);
  return [{ start: offset + leaf.start, end: offset + leaf.end, replacement }];
}

function judge(leaf: JsonLeaf, offset: number, nested: number): Judged {
  const value = leaf.kind === 'number' ? numberInPlace(leaf) : stringInPlace(leaf, nested);
  return { leaf, offset, value, changed: value !== leaf.value };
}

function numberInPlace(leaf: JsonLeaf): string {
  const kind = kindOfName(leaf.name);
  return kind === 'secret' || kind === 'identity' ? namedMarker(leaf.name) : leaf.value;
}

function stringInPlace(leaf: JsonLeaf, nested: number): string {
  if (leaf.value === '' || isMarker(leaf.value)) return leaf.value;
  const name = leaf.kind === 'key' ? null : secretNameOf(leaf);
  if (name !== null) return namedMarker(kindOfName(name) === 'blob' ? `${name}_blob` : name);
  return redacted(leaf.value, stringRedactions(leaf.value, nested));
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

/** Looks at strings that stand at the same place of several documents as one, and says which of them change by that. */
function judgeJoined(judged: readonly Judged[]): Map<Judged, string> {
  const groups = new Map<string, Judged[]>();
  for (const one of judged) {
    if (one.leaf.kind !== 'string' || (one.leaf.frame?.depth ?? 0) > MAX_JOINED_DEPTH) continue;
    const place = placeOf(one.leaf);
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [one]);
    else group.push(one);
  }
  const changes = new Map<Judged, string>();
  for (const group of groups.values()) if (isGrowing(group)) changeJoined(group, changes);
  return changes;
}

/** Whether the strings add up to something: what every event repeats, as an id or a model's name, does not. */
function isGrowing(group: readonly Judged[]): boolean {
  return group.some(({ value }) => value !== group[0]?.value);
}

function changeJoined(group: readonly Judged[], changes: Map<Judged, string>): void {
  const found = textRedactions(group.map(({ value }) => value).join(''));
  const dealt = dealtOut(
    group.map(({ value }) => value.length),
    found,
  );
  for (const [index, redactions] of dealt.entries()) {
    const one = group[index];
    if (one !== undefined && redactions.length > 0) changes.set(one, redacted(one.value, redactions));
  }
}

/** Keys from the outside in, and what tells parallel parts apart. */
function placeOf(leaf: JsonLeaf): string {
  let place = leaf.name;
  for (let frame = leaf.frame; frame !== null; frame = frame.parent) place = `${frame.name}(${frame.marks}).${place}`;
  return place;
}
