import fc from 'fast-check';
import { aCallRecord } from '../../../test/support/call-records.js';
import { exportHead, exportLine } from './export-line.js';
import type { UsageRecordView } from './usage-record.view.js';

const aView = (overrides: Partial<UsageRecordView> = {}): UsageRecordView => ({
  ...aCallRecord(),
  charged_nano_dollars: '123450',
  ...overrides,
});

/** The cells of one CSV row, by RFC 4180. */
function cells(row: string): string[] {
  const found: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  for (let match = cell.exec(row); match !== null; match = cell.exec(row)) {
    found.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') return cell.lastIndex === row.length ? found : ['more than one row'];
  }
  return ['no row'];
}

describe('a line of an export', () => {
  it('has a cell for each column of the head', () => {
    const head = cells(exportHead('csv'));
    const row = cells(exportLine('csv', aView({ metadata: { team: 'a,"b"\n' }, ttft_ms: null })));
    expect(row).toHaveLength(head.length);
    expect(row[head.indexOf('metadata')]).toBe('{"team":"a,\\"b\\"\\n"}');
    expect(row[head.indexOf('ttft_ms')]).toBe('');
    expect(row[head.indexOf('stream')]).toBe('false');
    expect(row[head.indexOf('duration_ms')]).toBe('812.345');
  });

  it('brings any text back from CSV as it was, but for the apostrophe', () => {
    const at = cells(exportHead('csv')).indexOf('model');
    const text = fc.oneof(fc.string(), fc.constantFrom('a,b', '"', '\r\n', "'=1", ' =2', '-1', '+', '@SUM(A1)'));
    fc.assert(
      fc.property(text, (model) => {
        const cell = cells(exportLine('csv', aView({ model })))[at] ?? '';
        expect([model, `'${model}`]).toContain(cell);
      }),
    );
  });

  it.each(['=1+1', '+1+1', '-1+1', '@SUM(1)', '\t=1', '\r=1', '\n=1', '  =1', '\uff1d1', '=HYPERLINK("http://x","y")'])(
    'disarms %j',
    (model) => {
      const cell = cells(exportLine('csv', aView({ model })))[cells(exportHead('csv')).indexOf('model')];
      expect(cell).toBe(`'${model}`);
    },
  );

  it('leaves negative amounts the numbers they are', () => {
    const row = cells(exportLine('csv', aView({ charged_nano_dollars: '-5' })));
    expect(row[cells(exportHead('csv')).indexOf('charged_nano_dollars')]).toBe('-5');
  });

  it('is the record itself as NDJSON, whatever its text', () => {
    const view = aView({ model: 'a\nb\u2028"c"', metadata: { team: '=1' } });
    const line = exportLine('ndjson', view);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual(view);
    expect(exportHead('ndjson')).toBe('');
  });
});
