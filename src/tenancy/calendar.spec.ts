import { Calendar } from './calendar.js';

const at = (zone: string, iso: string) => new Calendar().at(zone, Date.parse(iso));
const iso = (ms: number): string => new Date(ms).toISOString();

describe('Calendar', () => {
  it('ends days and months at midnight UTC by default', () => {
    const now = at('UTC', '2026-02-28T23:59:59.999Z');
    expect(now.day).toBe('2026-02-28');
    expect(now.month).toBe('2026-02');
    expect(iso(now.dayEndsAtMs)).toBe('2026-03-01T00:00:00.000Z');
    expect(iso(now.monthEndsAtMs)).toBe('2026-03-01T00:00:00.000Z');
  });

  it('follows the zone of the organisation', () => {
    const tokyo = at('Asia/Tokyo', '2026-11-20T16:00:00Z');
    expect(tokyo.day).toBe('2026-11-21');
    expect(iso(tokyo.dayEndsAtMs)).toBe('2026-11-21T15:00:00.000Z');
    const kathmandu = at('Asia/Kathmandu', '2026-12-31T18:14:00Z');
    expect(kathmandu.day).toBe('2026-12-31');
    expect(iso(kathmandu.monthEndsAtMs)).toBe('2026-12-31T18:15:00.000Z');
  });

  it('is right on days of 23 and 25 hours', () => {
    const spring = at('Europe/Berlin', '2026-03-29T12:00:00Z');
    expect(iso(spring.dayEndsAtMs)).toBe('2026-03-29T22:00:00.000Z');
    const autumn = at('America/New_York', '2026-11-01T12:00:00Z');
    expect(iso(autumn.dayEndsAtMs)).toBe('2026-11-02T05:00:00.000Z');
    expect(iso(at('America/New_York', '2026-10-31T12:00:00Z').dayEndsAtMs)).toBe('2026-11-01T04:00:00.000Z');
  });

  it('moves on when the day ends, and back when the clock is set back', () => {
    const calendar = new Calendar();
    const day = Date.parse('2026-11-21T23:59:59Z');
    expect(calendar.at('UTC', day).day).toBe('2026-11-21');
    expect(calendar.at('UTC', day + 1000).day).toBe('2026-11-22');
    expect(calendar.at('UTC', day - 86_400_000).day).toBe('2026-11-20');
  });

  it('takes an unknown zone for UTC', () => {
    expect(at('Mars/Olympus', '2026-11-21T00:00:00Z').day).toBe('2026-11-21');
  });
});
