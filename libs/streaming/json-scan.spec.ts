import fc from 'fast-check';
import { ByteEdits, cutEnd, cutStart, ObjectScan, skipValue } from './index.js';
import { INCOMPLETE } from './json-walk.js';

const NAMES = ['model', 'usage', 'choices'] as const;

function scanOf(
  text: string | Buffer,
  maxDepth?: number,
): { scan: ObjectScan<(typeof NAMES)[number]>; status: string } {
  const scan = new ObjectScan(NAMES, maxDepth);
  return { scan, status: scan.run(Buffer.from(text as string)) };
}

function parses(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Objects whose keys are often the ones looked for. */
const anObject = fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.string()), fc.jsonValue({ maxDepth: 4 }), {
  maxKeys: 8,
});

describe('ObjectScan', () => {
  it('finds the value of every chosen member, however the object is spaced', () => {
    fc.assert(
      fc.property(anObject, fc.constantFrom('', ' ', '\t', '\n  '), (object, indent) => {
        if (Object.hasOwn(object, '__proto__')) return;
        const bytes = Buffer.from(` ${JSON.stringify(object, null, indent)} `);
        const scan = new ObjectScan(NAMES);
        expect(scan.run(bytes)).toBe('ok');
        expect(scan.duplicate).toBe(-1);
        NAMES.forEach((name, slot) => {
          expect(scan.has(slot)).toBe(Object.hasOwn(object, name));
          if (!scan.has(slot)) return;
          const value = bytes.toString('utf8', scan.valueStart(slot), scan.valueEnd(slot));
          expect(JSON.parse(value)).toEqual(JSON.parse(JSON.stringify(object[name])));
          expect(bytes.toString('utf8', scan.keyStart(slot), scan.valueEnd(slot))).toMatch(new RegExp(`^"${name}"`));
        });
      }),
    );
  });

  it('accepts exactly the objects JSON.parse accepts, however a text is mutilated', () => {
    const structural = fc.constantFrom(...Array.from('{}[]:,"01-.eE+ truefalsn'));
    const sound = fc.dictionary(
      fc.stringMatching(/^[a-z]{0,3}$/),
      fc
        .jsonValue({ maxDepth: 3 })
        .map((value) => JSON.parse(JSON.stringify(value).replace(/[^ -~]|\\./g, '')) as unknown),
      { maxKeys: 4 },
    );
    const mutated = fc
      .tuple(sound, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 2 }), structural), { maxLength: 2 }))
      .map(([object, changes]) => {
        let text = JSON.stringify(object);
        for (const [at, removed, inserted] of changes) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + inserted + text.slice(place + removed);
        }
        return text;
      });
    fc.assert(
      fc.property(mutated, (text) => {
        fc.pre(!text.includes('\\'));
        expect([text, scanOf(text).status === 'ok']).toEqual([text, parses(text)]);
      }),
      { numRuns: 1000 },
    );
  });

  it('calls every beginning of an object incomplete', () => {
    fc.assert(
      fc.property(anObject, fc.nat(), (object, cut) => {
        const bytes = Buffer.from(JSON.stringify(object));
        expect(scanOf(bytes.subarray(0, cut % bytes.length)).status).toBe('incomplete');
      }),
    );
  });

  it('reads long strings with quotes and backslashes at any place as JSON.parse does', () => {
    const awkward = fc.string({
      unit: fc.constantFrom('a', '"', '\\', 'é', '{', ']', '\n'),
      minLength: 30,
      maxLength: 200,
    });
    fc.assert(
      fc.property(awkward, awkward, (before, after) => {
        const bytes = Buffer.from(JSON.stringify({ before, model: after, nested: [{ before }, after] }));
        const scan = new ObjectScan(NAMES);
        expect(scan.run(bytes)).toBe('ok');
        expect(JSON.parse(bytes.toString('utf8', scan.valueStart(0), scan.valueEnd(0)))).toBe(after);
      }),
    );
  });

  it('recognises a key written with escapes', () => {
    const { scan, status } = scanOf('{"\\u006dod\\u0065l":"x"}');
    expect(status).toBe('ok');
    expect(scan.has(scan.slot('model'))).toBe(true);
  });

  it('reports a member that stands twice, plainly or in disguise, and keeps the first', () => {
    for (const second of ['"model"', '"\\u006d\\u006f\\u0064\\u0065\\u006c"', '"mode\\u006C"']) {
      const { scan } = scanOf(`{"usage":1,"model":"a",${second}:"b"}`);
      expect(scan.duplicate).toBe(scan.slot('model'));
      expect(scan.valueEnd(0)).toBe('{"usage":1,"model":"a"'.length);
    }
    expect(scanOf('{"model":1,"x":{"model":2},"other":1,"other":2}').scan.duplicate).toBe(-1);
  });

  it('reports __proto__ at the top level, plainly or in disguise, and not below it', () => {
    expect(scanOf('{"__proto__":{}}').scan.proto).toBe(true);
    expect(scanOf('{"__proto\\u005f_":{}}').scan.proto).toBe(true);
    expect(scanOf('{"a":{"__proto__":{}},"__proto_":1,"b":"__proto__"}').scan.proto).toBe(false);
  });

  it('refuses nesting beyond its depth, the object itself counted', () => {
    const nested = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
    const lists = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    for (const build of [nested, lists]) {
      expect(scanOf(build(256)).status).toBe('ok');
      expect(scanOf(build(257)).status).toBe('too_deep');
      expect(scanOf(build(100_000)).status).toBe('too_deep');
      expect(scanOf(build(3), 3).status).toBe('ok');
      expect(scanOf(build(4), 3).status).toBe('too_deep');
    }
  });

  it('refuses what is no object, and anything behind it', () => {
    for (const text of [
      '[]',
      '"a"',
      '1',
      'null',
      '{}{}',
      '{} x',
      '{"a":1}}',
      '{"a":1,}',
      '{,}',
      "{'a':1}",
      '{"a":01}',
    ]) {
      expect([text, scanOf(text).status]).toEqual([text, 'malformed']);
    }
    expect(scanOf('').status).toBe('incomplete');
    expect(scanOf('  ').status).toBe('incomplete');
  });

  it('forgets the last run', () => {
    const scan = new ObjectScan(NAMES);
    scan.run(Buffer.from('{"model":1,"model":2,"__proto__":3}'));
    expect(scan.run(Buffer.from('{"usage":1}'))).toBe('ok');
    expect([scan.has(0), scan.has(1), scan.duplicate, scan.proto]).toEqual([false, true, -1, false]);
  });

  it('looks no further than it is told', () => {
    const bytes = Buffer.from('xx{"model":"a"}yy');
    const scan = new ObjectScan(NAMES);
    expect(scan.run(bytes, 2, 15)).toBe('ok');
    expect(scan.run(bytes, 2, 14)).toBe('incomplete');
    expect(scan.run(bytes, 2, 13)).toBe('incomplete');
    expect(scan.runAt(bytes, 2, 17)).toBe('ok');
    expect(scan.objectEnd).toBe(15);
    const long = Buffer.from(`{"model":"${'x'.repeat(200)}"}`);
    expect(scan.run(long, 0, 150)).toBe('incomplete');
    expect(scan.run(Buffer.concat([long.subarray(0, 150), Buffer.from('"}')]), 0, 150)).toBe('incomplete');
    const value = Buffer.concat([long.subarray(0, 150), Buffer.from('"')]);
    expect(skipValue(value, 9, 150, 1)).toBe(INCOMPLETE);
    expect(skipValue(value, 9, 151, 1)).toBe(151);
  });
});

describe('cutting a member out', () => {
  it('leaves the same object without it', () => {
    fc.assert(
      fc.property(anObject, fc.constantFrom('', ' ', '\n'), (object, indent) => {
        if (!Object.hasOwn(object, 'usage') || Object.hasOwn(object, '__proto__')) return;
        const bytes = Buffer.from(JSON.stringify(object, null, indent));
        const scan = new ObjectScan(['usage']);
        scan.run(bytes);
        const edits = new ByteEdits();
        const start = cutStart(bytes, scan.keyStart(0), scan.valueEnd(0), scan.objectEnd);
        edits.add(start, cutEnd(bytes, scan.valueEnd(0), scan.objectEnd), null);
        const rest = Object.fromEntries(Object.entries(object).filter(([key]) => key !== 'usage'));
        const cut = edits.apply(bytes, 0, bytes.length).toString();
        expect(JSON.parse(cut)).toEqual(JSON.parse(JSON.stringify(rest)));
      }),
    );
  });
});
