import { GatewayError, type WireErrorKind } from '../../libs/protocol/index.js';
import type { UpstreamFailure } from '../infra/http/upstream-call.js';

/** Failures that say nothing about the backend. */
export const BLAMELESS: ReadonlySet<UpstreamFailure> = new Set(['unreachable', 'saturated', 'stale']);

/** What a failure means for the credential. */
export const FAULTS: Partial<Record<UpstreamFailure, WireErrorKind>> = {
  first_byte_timeout: 'timeout',
  idle_timeout: 'timeout',
  invalid: 'malformed',
};

const FAILURE_WORDS: Readonly<Record<UpstreamFailure, string>> = {
  unreachable: 'The upstream cannot be reached.',
  saturated: 'No connection to the upstream became free in time.',
  reset: 'The connection to the upstream broke.',
  stale: 'The connection to the upstream broke.',
  first_byte_timeout: 'The upstream did not begin to answer in time.',
  idle_timeout: 'The upstream fell silent in the middle of its answer.',
  invalid: 'What the upstream sent is not a valid HTTP answer.',
};

/** A call that never got a whole HTTP answer, as its caller is told. */
export function upstreamFailure(failure: UpstreamFailure, cause: Error): GatewayError {
  const kind = failure === 'first_byte_timeout' || failure === 'idle_timeout' ? 'upstream_timeout' : 'upstream_error';
  return new GatewayError(kind, FAILURE_WORDS[failure], { cause });
}
