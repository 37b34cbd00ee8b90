import type { CanonicalAnswer, Choice, LossReport, RawUsage, Usage } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import type { EncodeAnswerContext } from '../wire-format.js';
import { spokenFields } from './encode-messages.js';
import type { Encoding, Out } from './encode-parts.js';
import { finishWord } from './finish.js';
import { encodeLogprobs } from './logprobs.js';
import { FORMAT } from './shapes.js';

/** Writes a whole answer of `POST /api/chat`. It has no id. */
export function encodeAnswer(answer: CanonicalAnswer, context: EncodeAnswerContext): Out {
  const { report } = context;
  const own = answer.source === FORMAT;
  const choice = onlyChoice(answer, report);
  const encoding: Encoding = { own, toCaller: true, report };
  const message: Out = { role: 'assistant', ...spokenFields(choice, encoding, 'choices[0]') };
  const out: Out = given({
    ...headOf(answer, context, own),
    message,
    done: !own || choice.form?.split(' ').includes('open') !== true,
    done_reason: own && choice.finish === null ? undefined : finishWord(choice.finish, report),
    ...usageFields(answer.usage, answer.rawUsage),
    logprobs: choice.logprobs === undefined ? undefined : encodeLogprobs(choice.logprobs),
  });
  reportExtensions(report, choice.logprobs?.extensions, FORMAT, 'choices[0].logprobs');
  writeExtensions(out, answer.extensions, FORMAT);
  writeExtensions({ message }, choice.extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  reportExtensions(report, choice.extensions, FORMAT, 'choices[0]');
  return out;
}

function onlyChoice({ choices }: CanonicalAnswer, report: LossReport): Choice {
  for (const { index } of choices.slice(1)) report.add(`choices[${String(index)}]`, 'the target has one choice');
  return choices[0] ?? { index: 0, parts: [], finish: null };
}

/** An answer of the format that had no model or date gets none. */
function headOf({ model, created, form }: CanonicalAnswer, context: EncodeAnswerContext, own: boolean): Out {
  return {
    model: context.model ?? model ?? (own ? undefined : ''),
    created_at: own ? form : timeOf(created ?? context.created),
  };
}

/** RFC 3339. What is no possible time is told as the beginning of all. */
export function timeOf(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? new Date(0).toISOString() : time.toISOString();
}

/** The counts as they came from this format, else those it has a name for. */
export function usageFields(usage: Usage | null, raw: RawUsage | undefined): Out {
  if (raw?.format === FORMAT) return { ...raw.value };
  if (usage === null) return {};
  return given({
    prompt_eval_count: usage.promptTokens,
    prompt_eval_cached_count: usage.cachedTokens === 0 ? undefined : usage.cachedTokens,
    eval_count: usage.completionTokens,
  });
}
