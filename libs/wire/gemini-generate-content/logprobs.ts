import type { JsonFields, Logprobs, TokenLogprob } from '../../protocol/index.js';
import { given, isFields, listOf, numberOf, restOf, textOf, withExtension } from '../fields.js';
import { FORMAT, LOGPROBS_RESULT } from './shapes.js';

type Out = Record<string, unknown>;

/** Reads `logprobsResult`. The numbers of the tokens have no place in the model and are kept in a row. */
export function decodeLogprobs(result: JsonFields): Logprobs {
  const chosen = listOf(result, 'chosenCandidates')?.filter(isFields) ?? [];
  const steps = listOf(result, 'topCandidates');
  const top = steps?.map((step) => (isFields(step) ? (listOf(step, 'candidates')?.filter(isFields) ?? []) : []));
  const content = chosen.map((token, index) => ({ ...tokenOf(token), top: top?.[index]?.map(tokenOf) }));
  const rest = restOf(result, LOGPROBS_RESULT, FORMAT);
  const hasIds = chosen.some((token) => numberOf(token, 'tokenId') !== undefined);
  const ids = { chosen: chosen.map(idOf), top: top?.map((step) => step.map(idOf)) };
  return { content, extensions: withExtension(rest, FORMAT, TOKEN_IDS, hasIds ? ids : undefined) };
}

const TOKEN_IDS = 'tokenIds';

function tokenOf(fields: JsonFields): TokenLogprob {
  return { token: textOf(fields, 'token') ?? '', logprob: numberOf(fields, 'logProbability') ?? 0 };
}

function idOf(fields: JsonFields): number | undefined {
  return numberOf(fields, 'tokenId');
}

export function encodeLogprobs({ content = [], extensions }: Logprobs): Out {
  const { [TOKEN_IDS]: ids, ...rest } = extensions?.[FORMAT] ?? {};
  const { chosen, top } = isFields(ids) ? (ids as unknown as TokenIds) : {};
  const write = ({ token, logprob }: TokenLogprob, tokenId: number | undefined): Out =>
    given({ token, tokenId, logProbability: logprob });
  const hasTop = content.some((token) => token.top !== undefined);
  return given({
    topCandidates: hasTop
      ? content.map((token, index) => ({
          candidates: token.top?.map((one, at) => write(one, top?.[index]?.[at])) ?? [],
        }))
      : undefined,
    chosenCandidates: content.map((token, index) => write(token, chosen?.[index])),
    ...rest,
  });
}

interface TokenIds {
  readonly chosen?: readonly (number | undefined)[];
  readonly top?: readonly (readonly (number | undefined)[])[];
}
