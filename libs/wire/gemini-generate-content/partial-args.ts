import { isFields, jsonText } from '../fields.js';

/** More characters of arguments than this are no call. */
const MAX_CHARS = 4 << 20;
/** Longer paths and lists are no arguments. */
const MAX_STEPS = 64;
const MAX_INDEX = 10_000;

const STEP = /\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/gy;

type Tree = Record<string, unknown> | unknown[];

/**
 * Arguments of a call that Vertex streams by their place (`{"jsonPath":"$.city","stringValue":"Par","willContinue":true}`),
 * put together. Told in one piece at their end, because pieces of several fields may mix.
 */
export class PartialArgs {
  /** More than there is room for, or a path that is none. */
  failed = false;

  readonly #root: Tree = newObject();
  #chars = 0;

  add(list: readonly unknown[]): void {
    for (const one of list) if (isFields(one)) this.#one(one);
  }

  /** Arguments that come whole. */
  merge(args: Readonly<Record<string, unknown>>): void {
    for (const name in args) set(this.#root, name, args[name]);
  }

  text(): string {
    return jsonText(this.#root);
  }

  #one(piece: Readonly<Record<string, unknown>>): void {
    const { jsonPath } = piece;
    const steps = typeof jsonPath === 'string' ? stepsOf(jsonPath) : null;
    const value = valueOf(piece);
    this.#chars += typeof value === 'string' ? value.length : 8;
    if (steps === null || this.#chars > MAX_CHARS) {
      this.failed = true;
      return;
    }
    let at: Tree = this.#root;
    for (let index = 0; index < steps.length - 1; index++) at = child(at, steps[index]!, steps[index + 1]!);
    const last = steps.at(-1)!;
    const before = get(at, last);
    set(at, last, typeof before === 'string' && typeof value === 'string' ? before + value : value);
  }
}

function newObject(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

type Step = string | number;

function stepsOf(path: string): Step[] | null {
  if (!path.startsWith('$')) return null;
  const steps: Step[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length && steps.length <= MAX_STEPS) {
    const found = STEP.exec(path);
    if (found === null) return null;
    steps.push(stepOf(found));
  }
  return arePossible(steps) ? steps : null;
}

function stepOf([, name, index, single, double]: RegExpExecArray): Step {
  return index === undefined ? (name ?? unescaped(single ?? double ?? '')) : Number(index);
}

function arePossible(steps: readonly Step[]): boolean {
  if (steps.length === 0 || steps.length > MAX_STEPS) return false;
  return steps.every((step) => typeof step === 'string' || step < MAX_INDEX);
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

function valueOf(piece: Readonly<Record<string, unknown>>): unknown {
  if ('stringValue' in piece) return piece['stringValue'];
  if ('numberValue' in piece) return piece['numberValue'];
  if ('boolValue' in piece) return piece['boolValue'];
  return null;
}

function get(tree: Tree, step: Step): unknown {
  return (tree as Record<Step, unknown>)[step];
}

function set(tree: Tree, step: Step, value: unknown): void {
  // A list has numbers only.
  if (Array.isArray(tree) && typeof step !== 'number') return;
  (tree as Record<Step, unknown>)[step] = value;
}

function child(tree: Tree, step: Step, next: Step): Tree {
  const there = get(tree, step);
  if (Array.isArray(there) || isFields(there)) return there as Tree;
  const made: Tree = typeof next === 'number' ? [] : newObject();
  set(tree, step, made);
  return made;
}
