import type { CanonicalAnswer, Choice, Echo, Extensions, JsonFields, Usage } from '../../protocol/index.js';
import { given, givenId, reportExtensions, writeExtensions } from '../fields.js';
import type { EncodeAnswerContext } from '../wire-format.js';
import { encodeTurn, type ItemEncoding, type MakeId } from './encode-items.js';
import { type Ending, endingOf } from './finish.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes a whole `response`. */
export function encodeAnswer(answer: CanonicalAnswer, context: EncodeAnswerContext): JsonFields {
  const { report } = context;
  const own = answer.source === FORMAT;
  const [choice = NO_CHOICE, ...others] = answer.choices;
  for (const { index } of others) report.add(`choices[${String(index)}]`, 'the target has one choice');
  reportExtensions(report, answer.extensions, FORMAT, '');
  const output = outputOf(choice, { own, toCaller: true, report, makeId: own ? undefined : idMaker(answer, context) });
  const ending = own && choice.finish === null ? null : endingOf(choice.finish, report);
  if (!own) markLast(output, ending);
  const usage = answer.usage === null ? undefined : usageFields(answer.usage, answer.rawUsage);
  return responseOf(answer, context, { ending, output, usage });
}

const NO_CHOICE: Choice = { index: 0, parts: [], finish: null };

function outputOf({ parts, logprobs, extensions }: Choice, encoding: ItemEncoding): Out[] {
  const { report } = encoding;
  reportExtensions(report, extensions, FORMAT, 'choices[0]');
  const tokens = [...(logprobs?.content ?? [])];
  const output = encodeTurn(parts, { ...encoding, tokens }, 'choices[0]');
  if (tokens.length > 0) report.add('choices[0].logprobs', 'there is no text to tell them of');
  if (logprobs?.refusal !== undefined) report.add('choices[0].logprobs.refusal', 'not known to the target');
  return output;
}

/** Ids of items, from that of the response: the same answer has the same ids. */
export function idMaker({ id }: ToldHead, context: Pick<EncodeAnswerContext, 'id'>): MakeId {
  const tail = givenId(id, context.id).replace(/^(?:resp|chatcmpl|msg|req)[-_]/, '');
  return (prefix, place) => `${prefix}_${tail}_${String(place)}`;
}

/** Where an answer was cut off, the item it was cut off in says so too. */
function markLast(output: readonly Out[], ending: Ending | null): void {
  const last = output.at(-1);
  if (ending?.status === 'incomplete' && last?.['status'] !== undefined) last['status'] = ending.status;
}

/** What is told of a response at its beginning. */
export interface ToldHead {
  readonly source?: CanonicalAnswer['source'];
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  readonly created?: number | undefined;
  readonly serviceTier?: string | undefined;
  readonly echo?: Echo | undefined;
  readonly extensions?: Extensions | undefined;
}

/** What is told at its end. */
export interface ToldEnd {
  /** `null`: nothing is said of it. */
  readonly ending: Ending | null;
  readonly output: readonly Out[];
  readonly usage?: Out | undefined;
  readonly error?: Out | undefined;
}

/** Fields the API always has; what they repeat of a request is not known here. */
const REQUIRED: Out = Object.freeze({
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: {},
  parallel_tool_calls: true,
  temperature: null,
  tool_choice: 'auto',
  tools: [],
  top_p: null,
  usage: null,
});

/** The object `response`. */
export function responseOf(head: ToldHead, context: Omit<EncodeAnswerContext, 'report'>, end: ToldEnd): Out {
  const own = head.source === FORMAT;
  const out: Out = {
    ...(own ? {} : REQUIRED),
    ...(head.echo?.format === FORMAT ? head.echo.value : {}),
    ...headFields(head, context),
    ...endFields(end),
    ...(own || head.source === 'openai-chat' ? given({ service_tier: head.serviceTier }) : {}),
  };
  writeExtensions(out, head.extensions, FORMAT);
  return out;
}

function headFields(head: ToldHead, context: Omit<EncodeAnswerContext, 'report'>): Out {
  return {
    id: givenId(head.id, context.id),
    object: 'response',
    created_at: head.created ?? context.created,
    model: context.model ?? head.model ?? '',
  };
}

function endFields({ ending, output, usage, error }: ToldEnd): Out {
  const { status, reason } = ending ?? {};
  return given({
    status,
    incomplete_details: reason === undefined ? undefined : { reason },
    output,
    usage,
    error,
  });
}

/** The usage block as it came from this format, else one of OpenAI's. */
export function usageFields(usage: Usage, raw: CanonicalAnswer['rawUsage']): Out {
  if (raw?.format === FORMAT) return { ...raw.value };
  const written = usage.cacheWrite5mTokens + usage.cacheWrite1hTokens;
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedTokens,
      ...(written > 0 ? { cache_write_tokens: written } : {}),
    },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.totalTokens,
  };
}
