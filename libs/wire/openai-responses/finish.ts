import type { Finish, FinishReason, JsonFields, LossReport } from '../../protocol/index.js';
import { objectOf, textOf } from '../fields.js';
import { FORMAT } from './shapes.js';

/** Statuses of a response, and why one is incomplete. */
export const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  completed: 'stop',
  max_output_tokens: 'length',
  // xAI and others say it as in Chat Completions.
  length: 'length',
  max_tokens: 'length',
  content_filter: 'content-filter',
  cancelled: 'cancelled',
  failed: 'error',
};

/** How a response ended, as its own words say it. */
export interface Ending {
  readonly status: string;
  /** Why it is incomplete. */
  readonly reason?: string | undefined;
}

/** What a reason is called here; reasons without a word of their own go to the nearest, which is a loss. */
const ENDINGS: Readonly<Record<FinishReason, readonly [ending: Ending, exact: boolean]>> = {
  stop: [{ status: 'completed' }, true],
  length: [{ status: 'incomplete', reason: 'max_output_tokens' }, true],
  'tool-calls': [{ status: 'completed' }, true],
  'content-filter': [{ status: 'incomplete', reason: 'content_filter' }, true],
  refusal: [{ status: 'incomplete', reason: 'content_filter' }, true],
  pause: [{ status: 'completed' }, false],
  cancelled: [{ status: 'cancelled' }, true],
  error: [{ status: 'completed' }, false],
  other: [{ status: 'completed' }, false],
};

const STATUSES: ReadonlySet<string> = new Set(['completed', 'cancelled', 'in_progress', 'queued', 'failed']);

/** @param hasCalls whether tools are called, which ends with `completed` too */
export function finishIn(response: JsonFields, hasCalls: boolean): Finish | null {
  const status = textOf(response, 'status');
  if (status === undefined) return null;
  const raw =
    status === 'incomplete' ? (textOf(objectOf(response, 'incomplete_details') ?? {}, 'reason') ?? '') : status;
  const reason = Object.hasOwn(FINISH_REASONS, raw) ? FINISH_REASONS[raw]! : 'other';
  return { reason: reason === 'stop' && hasCalls ? 'tool-calls' : reason, raw, format: FORMAT };
}

export function endingOf(finish: Finish | null, report: LossReport): Ending {
  if (finish === null) return { status: 'completed' };
  if (finish.format === FORMAT && finish.raw !== undefined) {
    if (STATUSES.has(finish.raw)) return { status: finish.raw };
    return { status: 'incomplete', reason: finish.raw === '' ? undefined : finish.raw };
  }
  const [ending, exact] = ENDINGS[finish.reason];
  if (!exact) report.add('choices[0].finish', `'${finish.reason}' is told as '${ending.status}'`);
  if (finish.stopSequence !== undefined) report.add('choices[0].finish.stopSequence', 'not known to the target');
  return ending;
}
