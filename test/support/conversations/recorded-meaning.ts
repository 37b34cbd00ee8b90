import type { FinishReason, FormatId, Part, StreamEvent, Usage } from '../../../libs/protocol/index.js';
import { WIRE_FORMATS } from '../../../libs/wire/index.js';
import type { Told } from './conversation.js';

/** What the first choice of a recorded answer says, without what spaces say; `null`: it is no answer. */
export type Meaning = Omit<Told, 'loss' | 'usage' | 'calls'> & {
  readonly calls: readonly { readonly name: string; readonly input: unknown }[];
  readonly refusal: string;
  /** `null`: the provider did not say. */
  readonly usage: Told['usage'] | null;
};

const ENDS: Partial<Record<FinishReason, Told['end']>> = {
  length: 'length',
  'tool-calls': 'calls',
  'content-filter': 'filter',
  refusal: 'filter',
};

/** Of a call whose arguments are no JSON: what each dialect makes of them differs. */
export const NO_JSON = Symbol('no JSON');

function inputOf(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return NO_JSON;
  }
}

/** Words alone: paragraphs of thoughts are joined differently. */
export const wordsOf = (text: string): string => text.replaceAll(/\s+/g, '');

export function meaningOfAnswer(format: FormatId, body: Buffer): Meaning | null {
  const decoded = WIRE_FORMATS[format]?.decodeAnswer(body);
  if (decoded?.ok !== true) return null;
  const [choice] = decoded.value.choices;
  return meaningOf(choice?.parts ?? [], choice?.finish?.reason ?? 'stop', decoded.value.usage);
}

export function meaningOfStream(format: FormatId, bytes: Buffer): Meaning | null {
  const decoder = WIRE_FORMATS[format]?.decodeEvents();
  const events = decoder === undefined ? [] : [...decoder.push(bytes), ...decoder.end()];
  if (events.at(-1)?.type !== 'answer-end') return null;
  const parts = new Map<number, Part>();
  let reason: FinishReason = 'stop';
  let usage: Usage | null = null;
  for (const event of events) {
    if ('choice' in event && event.choice !== 0) continue;
    if (event.type === 'part-start') parts.set(event.index, event.part);
    if (event.type === 'choice-finish') reason = event.finish.reason;
    if (event.type === 'usage-update') usage = event.usage;
    add(parts, event);
  }
  return meaningOf([...parts.values()], reason, usage);
}

function add(parts: Map<number, Part>, event: StreamEvent): void {
  if (!('text' in event)) return;
  const part = parts.get(event.index) as Record<string, unknown> | undefined;
  if (part === undefined) return;
  const field = event.type === 'arguments-delta' ? 'arguments' : 'text';
  parts.set(event.index, { ...part, [field]: `${String(part[field])}${event.text}` } as unknown as Part);
}

function meaningOf(parts: readonly Part[], reason: FinishReason, usage: Usage | null): Meaning {
  const joined = (type: Part['type'], say: (part: any) => string): string =>
    parts.map((part) => (part.type === type ? say(part) : '')).join('');
  return {
    text: wordsOf(joined('text', ({ text }) => text as string) + joined('json', ({ value }) => JSON.stringify(value))),
    refusal: wordsOf(joined('refusal', ({ text }) => text as string)),
    reasoning: wordsOf(
      joined('reasoning', ({ text, summary }) =>
        text === '' ? ((summary as string[] | undefined) ?? []).join('') : text,
      ),
    ),
    calls: parts.flatMap((part) =>
      part.type === 'tool-call' ? [{ name: part.name, input: inputOf(part.arguments) }] : [],
    ),
    end: ENDS[reason] ?? 'stop',
    usage:
      usage === null
        ? null
        : {
            input: usage.promptTokens,
            cached: usage.cachedTokens,
            output: usage.completionTokens,
            reasoning: usage.reasoningTokens,
          },
  };
}
