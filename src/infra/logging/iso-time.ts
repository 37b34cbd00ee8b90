const ENDINGS = Array.from({ length: 1000 }, (_unused, ms) => `${String(ms).padStart(3, '0')}Z`);

let second = Number.NaN;
let beginning = '';

/**
 * A moment, epoch ms, as ISO 8601 with milliseconds, UTC. What all calls of a second have in common is made once: a call writes
 * two such texts, and a date makes each of them in half a microsecond.
 */
export function isoTime(epochMs: number): string {
  const now = Math.floor(epochMs / 1000);
  if (now !== second) {
    beginning = new Date(now * 1000).toISOString().slice(0, -4);
    second = now;
  }
  return beginning + (ENDINGS[Math.floor(epochMs - now * 1000)] as string);
}
