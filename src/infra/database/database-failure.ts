import { GatewayError } from '../../../libs/protocol/index.js';

/** SQLSTATE codes, https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
/** Connection exceptions, insufficient resources, operator intervention (shutdown, statement timeout); socket errors. */
const AWAY = /^(08|53|57|E[A-Z]{3,})/;
const AWAY_MESSAGE =
  /timeout exceeded when trying to connect|connection terminated|not queryable|pool (has been|was) (ended|closed)/i;

/** The SQLSTATE, or the code of a socket error; null when there is none. */
export function failureCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, driverError } = error as { code?: unknown; driverError?: unknown };
  if (typeof code === 'string') return code;
  return failureCode(driverError);
}

/** Whether two transactions got in each other's way and the same work may succeed when it is run again. */
export function isConflictOfTransactions(error: unknown): boolean {
  const code = failureCode(error);
  return code === SERIALIZATION_FAILURE || code === DEADLOCK;
}

/** Whether the database could not be asked at all. */
export function isDatabaseAway(error: unknown): boolean {
  return AWAY.test(failureCode(error) ?? '') || AWAY_MESSAGE.test(error instanceof Error ? error.message : '');
}

/** 409 for a name that is taken or a row still in use, 503 when the database is away; anything else is returned as it is. */
export function asGatewayError(error: unknown): unknown {
  if (error instanceof GatewayError) return error;
  const code = failureCode(error);
  if (code === UNIQUE_VIOLATION) {
    return new GatewayError('conflict', 'Something of this name exists already.', { param: 'name', cause: error });
  }
  if (code === FOREIGN_KEY_VIOLATION) {
    return new GatewayError('conflict', 'Other things still belong to it, or what it belongs to is gone.', {
      cause: error,
    });
  }
  if (isDatabaseAway(error)) {
    return new GatewayError('service_unavailable', 'The database is not available.', {
      retryAfterSeconds: 1,
      cause: error,
    });
  }
  return error;
}
