import type { LossReport } from '../../protocol/index.js';
import type { TargetTraits } from '../wire-format.js';
import type { ModelFamily } from './model-family.js';

export type Out = Record<string, unknown>;

/** Whose words it is in, where it goes, and where losses go. */
export interface Encoding {
  /** Whether it was decoded from this very format: then its own forms are written again. */
  readonly own: boolean;
  /** Whether a caller reads it: then signatures of other formats travel in envelopes. A provider gets its own only. */
  readonly toCaller: boolean;
  readonly report: LossReport;
  /** Of the model the request goes to. */
  readonly family: ModelFamily;
  /** Names of documents so far. */
  readonly names: Set<string>;
  readonly traits: TargetTraits;
}

export function lost({ report }: Pick<Encoding, 'report'>, path: string, reason: string): null {
  report.add(path, reason);
  return null;
}
