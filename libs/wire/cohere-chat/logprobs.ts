import type { JsonFields, Logprobs, TokenLogprob } from '../../protocol/index.js';
import { isFields, listOf, textOf } from '../fields.js';
import { FORMAT } from './shapes.js';

/** Texts with the probabilities of their tokens; a text of several tokens is told as one, its probability their product. */
export function decodeLogprobs(items: readonly unknown[]): Logprobs {
  return { content: items.filter(isFields).map(decodeItem), extensions: { [FORMAT]: { items } } };
}

function decodeItem(item: JsonFields): TokenLogprob {
  const numbers = (listOf(item, 'logprobs') ?? []).filter((one) => typeof one === 'number');
  return { token: textOf(item, 'text') ?? '', logprob: numbers.reduce((sum, one) => sum + one, 0) };
}

/** As they came, else without the ids of the tokens, which only their provider knows. */
export function encodeLogprobs({ content, extensions }: Logprobs): readonly unknown[] {
  const own = extensions?.[FORMAT]?.['items'];
  if (Array.isArray(own)) return own as readonly unknown[];
  return (content ?? []).map(({ token, logprob }) => ({ text: token, token_ids: [], logprobs: [logprob] }));
}
