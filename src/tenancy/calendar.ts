/** A day and a month in one time zone, with their ends. */
export interface CalendarNow {
  /** `2026-11-21` */
  readonly day: string;
  readonly dayEndsAtMs: number;
  /** `2026-11` */
  readonly month: string;
  readonly monthEndsAtMs: number;
}

const HOUR_MS = 3_600_000;
/** Zones asked for; there are about 600. */
const MAX_ZONES = 1000;

/** The days of one time zone. */
export class ZoneDays {
  private readonly format: Intl.DateTimeFormat;

  /** @param timeZone IANA name; an unknown one counts as UTC */
  constructor(timeZone: string) {
    this.format = formatOf(timeZone);
  }

  /** The day (`2026-11-21`) of a moment, epoch ms. */
  dayOf(ms: number): string {
    return this.format.format(ms);
  }

  /** When a day begins, epoch ms. */
  beginOf(day: string): number {
    return beginOf(day, this.format);
  }
}

/** Which day and month it is in a time zone. Asking again on the same day costs a map look-up. */
export class Calendar {
  private readonly zones = new Map<string, CalendarNow & { from: number }>();

  /** @param timeZone IANA name; an unknown one counts as UTC */
  at(timeZone: string, nowMs: number): CalendarNow {
    const known = this.zones.get(timeZone);
    if (known !== undefined && nowMs >= known.from && nowMs < known.dayEndsAtMs) return known;
    if (this.zones.size >= MAX_ZONES) this.zones.clear();
    const fresh = { ...calendarNow(timeZone, nowMs), from: nowMs };
    this.zones.set(timeZone, fresh);
    return fresh;
  }
}

function calendarNow(timeZone: string, nowMs: number): CalendarNow {
  const format = formatOf(timeZone);
  const day = format.format(nowMs);
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const tomorrow = isoDay(Date.UTC(year, month - 1, date + 1));
  const nextMonth = isoDay(Date.UTC(year, month, 1));
  return {
    day,
    dayEndsAtMs: beginOf(tomorrow, format),
    month: day.slice(0, 7),
    monthEndsAtMs: beginOf(nextMonth, format),
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  try {
    return new Intl.DateTimeFormat('en-CA', { ...options, timeZone });
  } catch {
    return new Intl.DateTimeFormat('en-CA', { ...options, timeZone: 'UTC' });
  }
}

/** The first moment, epoch ms, at which the zone's calendar shows `day`: found by bisection, so that any offset and any clock change is right. */
function beginOf(day: string, format: Intl.DateTimeFormat): number {
  const middle = Date.parse(`${day}T00:00:00Z`);
  if (format.resolvedOptions().timeZone === 'UTC') return middle;
  let before = middle - 26 * HOUR_MS;
  let after = middle + 26 * HOUR_MS;
  while (after - before > 1) {
    const half = Math.floor((before + after) / 2);
    if (format.format(half) >= day) after = half;
    else before = half;
  }
  return after;
}

function isoDay(utcMs: number): string {
  return new Date(utcMs).toISOString().slice(0, 10);
}
