import fc from 'fast-check';
import { aCallRecord, beginningOf } from '../../test/support/call-records.js';
import {
  encodeBeginning,
  encodeRecord,
  fitRow,
  MAX_ROW_CHARS,
  pricesIn,
  recordPart,
  ROW_COLUMNS,
  ROW_FIELDS,
  rowId,
  spendOf,
} from './record-row.js';

const fieldsOf = (row: string): Record<string, string> =>
  Object.fromEntries(row.split('\t').map((field, i) => [FIELD_NAMES[i] ?? `extra${i}`, field]));
const FIELD_NAMES = [...ROW_COLUMNS.map(([name]) => name), 'price'];

describe('what a row says was spent', () => {
  const record = aCallRecord({ cost_nano_dollars: '123', spend_day: '2026-11-06' });
  const { id, org_id: orgId, project_id: projectId, key_id: key } = record;

  it('is its cost, of its key, project, organisation and day', () => {
    const spend = { id, orgId, projectId, key, day: '2026-11-06', costNano: 123n };
    expect(spendOf(encodeRecord(record))).toEqual(spend);
    expect(spendOf(encodeRecord({ ...record, key_id: null }))).toEqual({ ...spend, key: record.key_prefix });
  });

  it('is nothing where nobody knows or nobody pays', () => {
    expect(spendOf(encodeRecord({ ...record, cost_nano_dollars: null }))).toBeNull();
    expect(spendOf(encodeRecord({ ...record, org_id: null }))).toBeNull();
  });
});

describe('record rows', () => {
  it('give every column one field, in the order of the columns', () => {
    const fields = fieldsOf(
      encodeRecord(aCallRecord({ model: 'small', status: 503, stream: true, metadata: { a: 'b' } })),
    );
    expect(Object.keys(fields)).toEqual(FIELD_NAMES);
    expect(fields).toMatchObject({ model: 'small', status: '503', stream: 't', fallback: 'f', metadata: '{"a":"b"}' });
    expect(fields).toMatchObject({ error_kind: '\\N', duration_ms: '812345e-3', cost_nano_dollars: '123450' });
  });

  it('of a beginning say what is known and that the call died', () => {
    const beginning = beginningOf(aCallRecord({ stream: true }));
    const fields = fieldsOf(encodeBeginning(beginning));
    expect(Object.keys(fields)).toEqual(FIELD_NAMES);
    expect(fields).toMatchObject({ id: beginning.id, outcome: 'died', status: '0', usage_source: 'none', stream: 't' });
    expect(fields).toMatchObject({ provider: '\\N', duration_ms: '0', cost_nano_dollars: '\\N', total_tokens: '0' });
  });

  it('stay one line of as many fields, whatever the caller wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), fc.string({ unit: 'binary' }), (model, value) => {
        const row = encodeRecord(aCallRecord({ model, request_id: model, metadata: { [value]: value } }));
        expect(row).not.toContain('\n');
        expect(row.split('\t')).toHaveLength(ROW_FIELDS);
        expect(row.isWellFormed()).toBe(true);
        expect(row.length).toBeLessThanOrEqual(MAX_ROW_CHARS);
        expect(row).not.toContain('\0');
      }),
    );
  });

  it('replace what jsonb refuses and keep what only looks like it', () => {
    const { metadata } = fieldsOf(
      encodeRecord(aCallRecord({ metadata: { a: '\u0000\ud800', b: '\\u0000', c: 'x\ny"' } })),
    );
    const unescaped = (metadata ?? '').replaceAll('\\\\', '\\');
    expect(JSON.parse(unescaped)).toEqual({ a: '\ufffd\ufffd', b: '\\u0000', c: 'x\ny"' });
  });

  it('hold numbers to what the columns take', () => {
    const fields = fieldsOf(
      encodeRecord(
        aCallRecord({
          prompt_tokens: Number.NaN,
          total_tokens: 1e15,
          attempts: -1,
          ttft_ms: Infinity,
          cost_nano_dollars: '1.5',
        }),
      ),
    );
    expect(fields).toMatchObject({
      prompt_tokens: '0',
      total_tokens: '2147483647',
      attempts: '0',
      ttft_ms: '0',
      cost_nano_dollars: '\\N',
    });
  });

  it('bring the price along that they name, however it is written', () => {
    const price = JSON.stringify({ model: 'a "b" \\ c' });
    const rows = [
      encodeRecord(aCallRecord({ price_id: 'p1' }), price),
      encodeRecord(aCallRecord({ price_id: 'p2' })),
      encodeRecord(aCallRecord()),
    ];
    expect([...pricesIn(rows)]).toEqual([['p1', price]]);
    expect(rows.map((row) => recordPart(row).split('\t').length)).toEqual(rows.map(() => ROW_COLUMNS.length));
  });

  it('of an older or newer version are fitted to the columns of this one', () => {
    const row = encodeRecord(aCallRecord({ price_id: 'p' }), '{"input":1}');
    const fields = row.split('\t');
    const withoutLoss = [...fields.slice(0, 35), fields.at(-1)].join('\t');
    expect(fitRow(withoutLoss)).toBe(row);
    const withoutPrice = fields.slice(0, 35).join('\t');
    expect(fitRow(withoutPrice)).toBe(`${withoutPrice}\t\\N\t\\N`);
    const first = fields.slice(0, 31).join('\t');
    const nulls = Array.from({ length: 5 }, () => '\\N').join('\t');
    expect(fitRow(first)).toBe(`${first}\t${aCallRecord().started_at.slice(0, 10)}\t${nulls}`);
    expect(fitRow(`${row}\tnew`)).toBe(row);
    expect(rowId(row)).toBe(row.slice(0, 36));
  });
});
