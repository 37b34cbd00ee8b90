import { GatewayError } from '../../libs/protocol/index.js';
import { USAGE_GRANULARITIES, USAGE_GROUPS } from '../ledger/rollup.repository.js';
import { ReportQuestionError, USAGE_RANGES, type ReportQuestion } from './usage-report.service.js';

const FIELDS = ['range', 'from', 'to', 'group_by', 'granularity'];
/** With a zone: without one it would mean something else on every host. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/i;

/**
 * What a query string asks for.
 * @throws GatewayError 400 that names the parameter
 */
export function reportQuestion(query: Readonly<Record<string, unknown>>): ReportQuestion {
  const unknown = Object.keys(query).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) throw badQuestion(`Unknown parameter: ${unknown}.`, unknown);
  return {
    range: oneOf(query, 'range', USAGE_RANGES),
    fromMs: moment(query, 'from'),
    toMs: moment(query, 'to'),
    groupBy: oneOf(query, 'group_by', USAGE_GROUPS),
    granularity: oneOf(query, 'granularity', USAGE_GRANULARITIES),
  };
}

const PARAMS: Partial<Record<string, string>> = { fromMs: 'from', toMs: 'to' };

/** A question without an answer, as the caller is told; any other error as it is. */
export function questionFailure(error: unknown): unknown {
  if (!(error instanceof ReportQuestionError)) return error;
  return badQuestion(error.message, PARAMS[error.param] ?? error.param);
}

function oneOf<T extends string>(
  query: Readonly<Record<string, unknown>>,
  name: string,
  choices: readonly T[],
): T | undefined {
  const value = query[name];
  if (value === undefined) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw badQuestion(`${name} must be one of ${choices.join(', ')}.`, name);
  return found;
}

function moment(query: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = query[name];
  if (value === undefined) return undefined;
  const ms = typeof value === 'string' && MOMENT.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms))
    throw badQuestion(`${name} must be a date and time with zone, as in 2030-01-31T12:00:00Z.`, name);
  return ms;
}

const badQuestion = (message: string, param: string): GatewayError =>
  new GatewayError('invalid_request', message, { param });
