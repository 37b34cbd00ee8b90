import type { TokenLogprob } from '../../protocol/index.js';
import { given, isFields, listOf, numberOf, textOf } from '../fields.js';

/** The tokens of an `output_text`. */
export function decodeTokens(list: readonly unknown[]): TokenLogprob[] {
  return list.filter(isFields).map((fields) => {
    const bytes = listOf(fields, 'bytes');
    return {
      token: textOf(fields, 'token') ?? '',
      logprob: numberOf(fields, 'logprob') ?? 0,
      bytes: bytes === undefined ? (fields['bytes'] === null ? null : undefined) : (bytes as readonly number[]),
      top: decodeTop(listOf(fields, 'top_logprobs')),
    };
  });
}

function decodeTop(list: readonly unknown[] | undefined): TokenLogprob[] | undefined {
  return list === undefined ? undefined : decodeTokens(list);
}

export function encodeTokens(tokens: readonly TokenLogprob[]): Record<string, unknown>[] {
  return tokens.map(({ token, logprob, bytes, top }) =>
    given({ token, logprob, bytes, top_logprobs: top === undefined ? undefined : encodeTokens(top) }),
  );
}
