import type { JsonFields, Logprobs, TokenLogprob } from '../../protocol/index.js';
import { given, isFields, listOf, numberOf, textOf } from '../fields.js';

export function decodeLogprobs(items: readonly unknown[]): Logprobs {
  return { content: items.filter(isFields).map(decodeItem) };
}

function decodeItem(item: JsonFields): TokenLogprob {
  const bytes = listOf(item, 'bytes')?.filter((one) => typeof one === 'number');
  const top = listOf(item, 'top_logprobs')?.filter(isFields).map(decodeItem);
  return { token: textOf(item, 'token') ?? '', logprob: numberOf(item, 'logprob') ?? 0, bytes, top };
}

export function encodeLogprobs({ content = [] }: Logprobs): Record<string, unknown>[] {
  return content.map(encodeItem);
}

function encodeItem({ token, logprob, bytes, top }: TokenLogprob): Record<string, unknown> {
  return given({ token, logprob, bytes: bytes ?? undefined, top_logprobs: top?.map(encodeItem) });
}
