import { BacklogAge } from './backlog-age.js';

describe('BacklogAge', () => {
  it('is nought when nothing waits', () => {
    const age = new BacklogAge();
    expect(age.oldestMs(0, 0, 1000)).toBe(0);
    age.note(3, 1000);
    expect(age.oldestMs(3, 3, 9000)).toBe(0);
  });

  it('is that of the oldest call that is not settled', () => {
    const age = new BacklogAge();
    for (let second = 1; second <= 10; second += 1) age.note(second * 100, second * 1000);
    expect(age.oldestMs(1000, 0, 20_000)).toBe(19_000);
    expect(age.oldestMs(1000, 150, 20_000)).toBe(18_000);
    expect(age.oldestMs(1000, 999, 20_000)).toBe(10_000);
  });

  it('begins anew after the database has caught up', () => {
    const age = new BacklogAge();
    age.note(10, 1000);
    expect(age.oldestMs(10, 10, 5000)).toBe(0);
    age.note(11, 60_000);
    expect(age.oldestMs(11, 10, 61_000)).toBe(1000);
  });

  it('does not forget calls that ended right after others', () => {
    const age = new BacklogAge();
    age.note(1, 1000);
    age.note(2, 1100);
    expect(age.oldestMs(2, 1, 5000)).toBe(4000);
  });

  it('knows of days with few notes', () => {
    const age = new BacklogAge();
    const day = 86_400_000;
    for (let ms = 0; ms <= day; ms += 250) age.note(ms + 1, ms);
    expect(age.oldestMs(day + 1, day / 2, day)).toBeGreaterThan(day / 2 - 60_000);
    expect(age.oldestMs(day + 1, day / 2, day)).toBeLessThanOrEqual(day / 2);
    expect(age.oldestMs(day + 1, 0, day)).toBeLessThanOrEqual(day);
  });
});
