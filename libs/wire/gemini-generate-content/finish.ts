import type { Finish, FinishReason, LossReport, Part } from '../../protocol/index.js';
import { FORMAT } from './shapes.js';

/** What the API writes, and what it means. */
export const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  MODEL_ARMOR: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
  JAILBREAK: 'content-filter',
  MALFORMED_FUNCTION_CALL: 'error',
  MALFORMED_RESPONSE: 'error',
  MISSING_THOUGHT_SIGNATURE: 'error',
  TOO_MANY_TOOL_CALLS: 'error',
  UNEXPECTED_TOOL_CALL: 'error',
};

/** The same where a proxy writes the numbers of the enum; above these they differ between Google's two APIs. */
const BY_NUMBER: readonly string[] = ['FINISH_REASON_UNSPECIFIED', 'STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION'];

/** What a reason is called here; reasons without a word of their own go to the nearest, which is a loss. */
const WORDS: Readonly<Record<FinishReason, readonly [word: string, exact: boolean]>> = {
  stop: ['STOP', true],
  length: ['MAX_TOKENS', true],
  'tool-calls': ['STOP', true],
  'content-filter': ['SAFETY', true],
  refusal: ['SAFETY', true],
  pause: ['OTHER', false],
  cancelled: ['OTHER', false],
  error: ['OTHER', false],
  other: ['OTHER', false],
};

/** @param hasCalls whether the candidate calls tools, which ends with `STOP` too */
export function finishOf(raw: string | number, hasCalls: boolean): Finish {
  const word = typeof raw === 'number' ? (BY_NUMBER[raw] ?? '') : raw;
  const reason = Object.hasOwn(FINISH_REASONS, word) ? FINISH_REASONS[word]! : 'other';
  return { reason: reason === 'stop' && hasCalls ? 'tool-calls' : reason, raw: String(raw), format: FORMAT };
}

/** A prompt that was refused. The word is Google's reason. */
export function blockedPrompt(reason: string): Finish {
  return { reason: 'content-filter', raw: reason, format: FORMAT };
}

export function finishWord(finish: Finish, report: LossReport, path: string): string | number {
  if (finish.format === FORMAT && finish.raw !== undefined)
    return /^\d{1,3}$/.test(finish.raw) ? Number(finish.raw) : finish.raw;
  const [word, exact] = WORDS[finish.reason];
  if (!exact) report.add(path, `'${finish.reason}' is told as '${word}'`);
  if (finish.stopSequence !== undefined) report.add(`${path}.stopSequence`, 'not known to the target');
  return word;
}

/** Whether a choice asks for tools to be run. */
export function hasToolCalls(parts: readonly Part[]): boolean {
  return parts.some(({ type }) => type === 'tool-call');
}
