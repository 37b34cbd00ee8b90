import type { Finish, FinishReason, LossReport } from '../../protocol/index.js';
import { FORMAT } from './shapes.js';

export const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  guardrail_intervened: 'content-filter',
  content_filtered: 'content-filter',
  malformed_model_output: 'error',
  malformed_tool_use: 'error',
  // Not in AWS's list: what Claude says itself.
  refusal: 'refusal',
  pause_turn: 'pause',
};

/** What a reason is called here; reasons without a word of their own go to the nearest, which is a loss. */
const WORDS: Readonly<Record<FinishReason, readonly [word: string, exact: boolean]>> = {
  stop: ['end_turn', true],
  length: ['max_tokens', true],
  'tool-calls': ['tool_use', true],
  'content-filter': ['content_filtered', true],
  refusal: ['content_filtered', false],
  pause: ['end_turn', false],
  cancelled: ['end_turn', false],
  error: ['end_turn', false],
  other: ['end_turn', false],
};

/** @param stopSequence told only where the request asked for it by `additionalModelResponseFieldPaths` */
export function finishOf(raw: string, stopSequence: string | undefined): Finish {
  return {
    reason: Object.hasOwn(FINISH_REASONS, raw) ? FINISH_REASONS[raw]! : 'other',
    raw,
    format: FORMAT,
    stopSequence,
  };
}

export function finishWord(finish: Finish | null, report: LossReport): string {
  if (finish === null) return 'end_turn';
  if (finish.format === FORMAT && finish.raw !== undefined) return finish.raw;
  if (finish.stopSequence !== undefined) return 'stop_sequence';
  const [word, exact] = WORDS[finish.reason];
  if (!exact) report.add('choices[0].finish', `'${finish.reason}' is told as '${word}'`);
  return word;
}
