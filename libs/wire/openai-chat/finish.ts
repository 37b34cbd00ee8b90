import type { Choice, Finish, FinishReason, LossReport } from '../../protocol/index.js';
import { FORMAT } from './shapes.js';

/** What providers of this format write, and what it means. */
export const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  // Together.
  eos: 'stop',
  // Mistral: the model's own limit.
  model_length: 'length',
  // OpenRouter.
  error: 'error',
  // Z.ai.
  sensitive: 'content-filter',
  network_error: 'error',
  // vLLM and SGLang.
  abort: 'cancelled',
  // DeepSeek.
  insufficient_system_resource: 'error',
};

/** What a reason is called here; reasons without a word of their own go to the nearest, which is a loss. */
const WORDS: Readonly<Record<FinishReason, readonly [word: string, exact: boolean]>> = {
  stop: ['stop', true],
  length: ['length', true],
  'tool-calls': ['tool_calls', true],
  'content-filter': ['content_filter', true],
  refusal: ['content_filter', true],
  pause: ['stop', false],
  cancelled: ['stop', false],
  error: ['stop', false],
  other: ['stop', false],
};

/** @param hasCalls whether the choice calls tools: some providers then say `stop` all the same */
export function finishOf(raw: string, hasCalls: boolean): Finish {
  const reason = Object.hasOwn(FINISH_REASONS, raw) ? FINISH_REASONS[raw]! : 'other';
  return { reason: reason === 'stop' && hasCalls ? 'tool-calls' : reason, raw, format: FORMAT };
}

export function finishWord(finish: Finish, report: LossReport, path: string): string {
  if (finish.format === FORMAT && finish.raw !== undefined) return finish.raw;
  const [word, exact] = WORDS[finish.reason];
  if (!exact) report.add(path, `'${finish.reason}' is told as '${word}'`);
  if (finish.stopSequence !== undefined) report.add(`${path}.stopSequence`, 'not known to the target');
  return word;
}

/** Whether a choice asks for tools to be run. */
export function hasToolCalls(choice: Pick<Choice, 'parts'>): boolean {
  return choice.parts.some(({ type }) => type === 'tool-call');
}
