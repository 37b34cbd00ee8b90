import type { Finish, FinishReason, LossReport } from '../../protocol/index.js';
import { FORMAT } from './shapes.js';

export const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  content_filter: 'content-filter',
  // Answers to requests without messages.
  load: 'stop',
  unload: 'stop',
};

/** What a reason is called here; reasons without a word of their own go to the nearest, which is a loss. */
const WORDS: Readonly<Record<FinishReason, readonly [word: string, exact: boolean]>> = {
  stop: ['stop', true],
  length: ['length', true],
  'tool-calls': ['stop', true],
  // Ollama filters nothing; its clients take any word.
  'content-filter': ['content_filter', true],
  refusal: ['content_filter', false],
  pause: ['stop', false],
  cancelled: ['stop', false],
  error: ['stop', false],
  other: ['stop', false],
};

/** @param hasCalls whether tools are called, which ends with `stop` too. Old servers give no reason where all is well. */
export function finishOf(raw: string | undefined, hasCalls: boolean): Finish {
  const word = raw ?? 'stop';
  const reason = Object.hasOwn(FINISH_REASONS, word) ? FINISH_REASONS[word]! : 'other';
  return { reason: reason === 'stop' && hasCalls ? 'tool-calls' : reason, raw, format: FORMAT };
}

/** `undefined`: its own server gave none. */
export function finishWord(finish: Finish | null, report: LossReport): string | undefined {
  if (finish === null) return 'stop';
  if (finish.format === FORMAT) return finish.raw;
  if (finish.stopSequence !== undefined) report.add('choices[0].finish.stopSequence', 'not known to the target');
  const [word, exact] = WORDS[finish.reason];
  if (!exact) report.add('choices[0].finish', `'${finish.reason}' is told as '${word}'`);
  return word;
}
