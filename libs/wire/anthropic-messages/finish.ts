import type { Finish, FinishReason, LossReport } from '../../protocol/index.js';
import { FORMAT } from './shapes.js';

export const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  pause_turn: 'pause',
  refusal: 'refusal',
};

/** What a reason is called here; reasons without a word of their own go to the nearest, which is a loss. */
const WORDS: Readonly<Record<FinishReason, readonly [word: string, exact: boolean]>> = {
  stop: ['end_turn', true],
  length: ['max_tokens', true],
  'tool-calls': ['tool_use', true],
  'content-filter': ['refusal', true],
  refusal: ['refusal', true],
  pause: ['pause_turn', true],
  cancelled: ['end_turn', false],
  error: ['end_turn', false],
  other: ['end_turn', false],
};

export function finishOf(raw: string, stopSequence: string | undefined): Finish {
  return {
    reason: Object.hasOwn(FINISH_REASONS, raw) ? FINISH_REASONS[raw]! : 'other',
    raw,
    format: FORMAT,
    stopSequence,
  };
}

/** @param hasRefusal whether the choice declines in words, which other formats end with `stop` */
export function finishWord(finish: Finish | null, hasRefusal: boolean, report: LossReport): string {
  if (finish === null) return 'end_turn';
  if (finish.format === FORMAT && finish.raw !== undefined) return finish.raw;
  if (finish.reason === 'stop' && hasRefusal) return 'refusal';
  if (finish.stopSequence !== undefined) return 'stop_sequence';
  const [word, exact] = WORDS[finish.reason];
  if (!exact) report.add('choices[0].finish', `'${finish.reason}' is told as '${word}'`);
  return word;
}
