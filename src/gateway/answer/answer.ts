import type { ServerResponse } from 'node:http';
import type { GatewayError, WireErrorKind } from '../../../libs/protocol/index.js';
import type { Exchange } from '../../exchange/exchange.js';
import type { Call } from '../call.js';

/** What the upstream sends, on its way to the caller. One per attempt that got as far as a status line. */
export interface Answer {
  data(chunk: Buffer): void;
  /** The upstream said all it had to say. */
  end(): void;
}

/** How an attempt failed: what the caller would be told, whether another target may be tried, and whether the backend is to blame. */
export interface AttemptFailure {
  error: GatewayError;
  retryable: boolean;
  blame: 'backend' | 'nobody';
  /** What it means for the credential; absent: nothing. */
  fault?: WireErrorKind;
}

/** The run of a call, as seen by its answer. */
export interface AnswerHost {
  readonly call: Call;
  readonly exchange: Exchange;
  readonly response: ServerResponse;
  /** The credential that was sent upstream, if any: never to be repeated to anybody. */
  readonly secret: string | null;
  /** The attempt succeeded and the caller has been told all of it. */
  succeeded(): void;
  failed(failure: AttemptFailure): void;
  pause(): void;
  resume(): void;
}
