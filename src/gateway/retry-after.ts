/** Longer waits than this are cut: an upstream's clock or arithmetic may be wrong. */
const MAX_SECONDS = 3600;

/** The wait an upstream asks for, in seconds: `retry-after-ms`, then `retry-after` as seconds or as an HTTP date. */
export function retryAfterSeconds(
  headers: Record<string, string | string[] | undefined>,
  nowMs: number,
): number | null {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return Math.min(ms / 1000, MAX_SECONDS);
  const text = headers['retry-after'];
  if (typeof text !== 'string' || text === '') return null;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - nowMs) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MAX_SECONDS) : null;
}
