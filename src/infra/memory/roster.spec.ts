import fc from 'fast-check';
import { Roster, type Seated } from './roster.js';

const member = (): Seated => ({ seat: -1 });

function membersOf(roster: Roster<Seated>): Set<Seated> {
  const found = new Set<Seated>();
  roster.forEach((one) => found.add(one));
  return found;
}

describe('Roster', () => {
  it('holds exactly what was added and not taken out, in any order of doing so', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { maxLength: 200 }), (steps) => {
        const all = Array.from({ length: 10 }, member);
        const roster = new Roster<Seated>();
        const expected = new Set<Seated>();
        for (const [adds, index] of steps) {
          const one = all[index] as Seated;
          if (adds) {
            roster.add(one);
            expected.add(one);
          } else {
            roster.delete(one);
            expected.delete(one);
          }
          expect(membersOf(roster)).toEqual(expected);
          expect(roster.size).toBe(expected.size);
        }
      }),
    );
  });

  it('lets members leave while it is walked through, and visits nobody twice', () => {
    const roster = new Roster<Seated>();
    const all = Array.from({ length: 6 }, member);
    for (const one of all) roster.add(one);
    const visited: Seated[] = [];
    roster.forEach((one) => {
      visited.push(one);
      roster.delete(one);
      roster.delete(all[0] as Seated);
    });
    expect(new Set(visited).size).toBe(visited.length);
    expect(roster.size).toBe(0);
  });
});
