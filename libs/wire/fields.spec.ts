import { LossReport } from '../protocol/index.js';
import {
  argumentsObject,
  BOOLEAN,
  checkShape,
  NUMBER,
  OBJECT,
  reportExtensions,
  restOf,
  shape,
  STRING,
  writeExtensions,
} from './fields.js';

const SHAPE = shape({ name: STRING, size: NUMBER, on: BOOLEAN, either: STRING | OBJECT });

describe('the fields of an object', () => {
  it('are the rest where they are unknown, null or of another type', () => {
    const fields = { name: 'a', size: 'big', on: null, either: {}, other: 1, constructor: 2 };
    expect(restOf(fields, SHAPE, 'openai-chat')).toEqual({
      'openai-chat': { size: 'big', on: null, other: 1, constructor: 2 },
    });
    expect(restOf({ name: 'a' }, SHAPE, 'openai-chat')).toBeUndefined();
  });

  it('never set a prototype', () => {
    const fields = JSON.parse('{"__proto__":{"polluted":1},"x":1}') as Record<string, unknown>;
    const rest = restOf(fields, SHAPE, 'openai-chat');
    const out: Record<string, unknown> = {};
    writeExtensions(out, rest, 'openai-chat');
    writeExtensions(out, { 'openai-chat': fields }, 'openai-chat');
    expect(out).toEqual({ x: 1 });
    expect((out as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('take no number that JSON cannot say', () => {
    expect(restOf({ size: JSON.parse('1e999') as number }, SHAPE, 'openai-chat')).toEqual({
      'openai-chat': { size: Infinity },
    });
  });

  it('are refused by their path when a caller mistypes them, null is absent', () => {
    checkShape({ name: null, size: 1, unknown: true }, SHAPE, '');
    expect(() => checkShape({ size: 'x' }, SHAPE, 'tools[2]')).toThrow("'tools[2].size' must be a number.");
    expect(() => checkShape({ either: 1 }, SHAPE, '')).toThrow("'either' must be a string or an object.");
  });

  it('come back beside what is there, those of inner objects inside', () => {
    const out: Record<string, unknown> = { url: { address: 'x' }, a: 1 };
    writeExtensions(out, { 'openai-chat': { a: 2, b: 3, 'url.': { foo: 4 } }, 'cohere-chat': { c: 5 } }, 'openai-chat');
    expect(out).toEqual({ url: { address: 'x', foo: 4 }, a: 1, b: 3 });
  });

  it('of other formats are reported, but for those that say nothing', () => {
    const report = new LossReport('cohere-chat', 'openai-chat');
    const extensions = { 'openai-chat': { own: 1 }, 'cohere-chat': { a: 1, n: null, e: [], 'in.': { x: 1, y: null } } };
    reportExtensions(report, extensions, 'openai-chat', 'messages[0]');
    expect(report.summary().reasons.map(({ path }) => path)).toEqual(['messages[0].a', 'messages[0].in.x']);
  });
});

describe('tool arguments for a format that wants an object', () => {
  it.each([
    ['', {}],
    [' \n', {}],
    ['{"a":1}', { a: 1 }],
  ])('%j are an object', (text, object) => {
    const report = new LossReport('openai-chat', 'anthropic-messages');
    expect(argumentsObject(text, report, 'x')).toEqual(object);
    expect(report.lossy).toBe(false);
  });

  it.each(['{"a":', '[1]', '"text"', 'null', '12'])('%j go as raw text, and that is reported', (text) => {
    const report = new LossReport('openai-chat', 'anthropic-messages');
    expect(argumentsObject(text, report, 'x')).toEqual({ raw_arguments: text });
    expect(report.summary().reasons).toHaveLength(1);
  });
});
