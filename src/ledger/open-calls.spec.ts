import { OpenCalls } from './open-calls.js';

describe('OpenCalls', () => {
  it('holds the rows of calls that were added and not taken out', () => {
    const calls = new OpenCalls();
    const ids = Array.from({ length: 5000 }, (_unused, i) => `018f-${(i * 7919).toString(16).padStart(8, '0')}`);
    for (const id of ids) calls.add(id, `row ${id}`);
    for (const id of ids.slice(0, 2500)) calls.delete(id);
    calls.delete('unknown');
    expect(calls.size).toBe(2500);
    expect(new Set(calls.rows())).toEqual(new Set(ids.slice(2500).map((id) => `row ${id}`)));
  });

  it('keeps one row a call', () => {
    const calls = new OpenCalls();
    calls.add('a', 'first');
    calls.add('a', 'second');
    expect([...calls.rows()]).toEqual(['second']);
    calls.delete('a');
    expect(calls.size).toBe(0);
  });
});
