import type { Finish, FinishReason, LossReport } from '../../protocol/index.js';
import { FORMAT } from './shapes.js';

export const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'tool-calls',
  ERROR: 'error',
  TIMEOUT: 'error',
  // Of older versions.
  ERROR_LIMIT: 'length',
  ERROR_TOXIC: 'content-filter',
  USER_CANCEL: 'cancelled',
};

/** What a reason is called here; reasons without a word of their own go to the nearest, which is a loss. */
const WORDS: Readonly<Record<FinishReason, readonly [word: string, exact: boolean]>> = {
  stop: ['COMPLETE', true],
  length: ['MAX_TOKENS', true],
  'tool-calls': ['TOOL_CALL', true],
  'content-filter': ['ERROR_TOXIC', true],
  refusal: ['ERROR_TOXIC', false],
  pause: ['COMPLETE', false],
  cancelled: ['COMPLETE', false],
  error: ['COMPLETE', false],
  other: ['COMPLETE', false],
};

/** The format never says which stop sequence it was. */
export function finishOf(raw: string): Finish {
  return { reason: Object.hasOwn(FINISH_REASONS, raw) ? FINISH_REASONS[raw]! : 'other', raw, format: FORMAT };
}

export function finishWord(finish: Finish | null, report: LossReport): string {
  if (finish === null) return 'COMPLETE';
  if (finish.format === FORMAT && finish.raw !== undefined) return finish.raw;
  if (finish.stopSequence !== undefined) {
    report.add('choices[0].finish.stopSequence', 'not known to the target');
    return 'STOP_SEQUENCE';
  }
  const [word, exact] = WORDS[finish.reason];
  if (!exact) report.add('choices[0].finish', `'${finish.reason}' is told as '${word}'`);
  return word;
}
