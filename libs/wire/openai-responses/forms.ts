import type { JsonFields } from '../../protocol/index.js';
import { textOf } from '../fields.js';

/**
 * How an item or a part was written, in one text: words, some with a value. `message id=msg_1 status=completed` is a message
 * item with these fields; `string` one whose content is a bare string.
 */
export type FormWords = Readonly<Record<string, string | true | undefined>>;

/** The words with a value, of those that are there; `undefined` where there are none. */
export function formText(words: FormWords): string | undefined {
  const out: string[] = [];
  for (const name in words) {
    const value = words[name];
    if (value !== undefined) out.push(value === true ? name : `${name}=${escaped(value)}`);
  }
  return out.length === 0 ? undefined : out.join(' ');
}

/** Values are anything a provider may write, so nothing that trips over half a character. */
function escaped(value: string): string {
  return value.replaceAll('%', '%25').replaceAll(' ', '%20');
}

function unescaped(value: string): string {
  return value.replaceAll('%20', ' ').replaceAll('%25', '%');
}

const NO_WORDS: FormWords = Object.freeze({});

export function formWords(form: string | undefined): FormWords {
  if (form === undefined) return NO_WORDS;
  const words: Record<string, string | true> = {};
  for (const word of form.split(' ')) {
    const at = word.indexOf('=');
    if (at < 0) words[word] = true;
    else words[word.slice(0, at)] = unescaped(word.slice(at + 1));
  }
  return words;
}

/** The value of a word that has one. */
export function valueOf(words: FormWords, name: string): string | undefined {
  const value = words[name];
  return typeof value === 'string' ? value : undefined;
}

/** Words every item may have. */
export function itemWords(item: JsonFields, type: string): FormWords {
  return { [type]: true, id: textOf(item, 'id'), status: textOf(item, 'status') };
}
