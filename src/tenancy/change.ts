import type { ExpectedVersions } from '../infra/database/row-version.js';

/** The row before and after a change. */
export interface Changed<T> {
  readonly before: T;
  readonly after: T;
}

/** How far a change may reach. */
export interface Reach {
  /** The one organisation whose things exist for the administrator; `null`: all. */
  readonly only: string | null;
  readonly expected: ExpectedVersions;
}
