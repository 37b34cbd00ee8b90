import { GatewayError } from '../../../libs/protocol/index.js';

/** The versions an `If-Match` header allows; `null`: any. */
export type ExpectedVersions = ReadonlySet<number> | null;

/** @throws GatewayError `precondition_failed` when the row, already locked, has moved on. */
export function expectVersion(row: { readonly version: number }, expected: ExpectedVersions): void {
  if (expected !== null && !expected.has(row.version)) {
    throw new GatewayError(
      'precondition_failed',
      'It was changed by somebody else: read it again, then repeat the change.',
      {
        param: 'if-match',
      },
    );
  }
}
