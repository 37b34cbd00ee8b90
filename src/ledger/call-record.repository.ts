import { Injectable } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';
import { totalsOf } from './batch-totals.js';
import type { CallOutcome, CallRecord } from './call-record.js';
import { copyIn } from './copy-in.js';
import { StoredPrices } from './price-statement.js';
import { addTotals } from './totals.repository.js';
import { encodeRecord, identityOf, pricesIn, recordPart, ROW_COLUMNS } from './record-row.js';

/** Which records to show; absent: any. Times are epoch ms, `fromMs` included, `toMs` not. */
export interface CallRecordFilter {
  orgId?: string;
  projectId?: string;
  keyId?: string;
  model?: string;
  provider?: string;
  status?: number;
  outcome?: CallOutcome;
  fromMs?: number;
  toMs?: number;
}

/** Newest first. `limit` is held between 1 and 1000; `cursor` is the `nextCursor` of the page before. */
export interface CallRecordPage {
  limit: number;
  cursor?: string | null;
}

const COLUMN_NAMES = ROW_COLUMNS.map(([name]) => name).join(', ');
/** A date as text: a driver would make it midnight in the time zone of the process. */
const SELECTED = ROW_COLUMNS.map(([name, type]) => (type === 'date' ? `${name}::text` : name)).join(', ');
const COPY = `COPY call_records (${COLUMN_NAMES}) FROM STDIN`;
const INSERT_PRICES = `INSERT INTO price_cards (id, card) SELECT * FROM unnest($1::text[], $2::jsonb[]) ON CONFLICT DO NOTHING`;
const MAX_PAGE = 1000;
const UNIQUE_VIOLATION = '23505';
const WEEK_MS = 7 * 86_400_000;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Inserts what is not there yet; slower than COPY, needed only where a batch may have been written before. */
function insertMissing(escaped: boolean): string {
  const values = ROW_COLUMNS.map(([, type], i) => {
    const field = `f[${i + 1}]`;
    return escaped ? `replace(${field}, '\\\\', '\\')::${type}` : `${field}::${type}`;
  });
  return (
    `INSERT INTO call_records (${COLUMN_NAMES}) SELECT ${values.join(', ')} FROM ` +
    `(SELECT string_to_array(line, E'\\t', '\\N') f FROM unnest(string_to_array($1, E'\\n')) line OFFSET 0) rows ` +
    `ON CONFLICT DO NOTHING RETURNING id || to_char(started_at AT TIME ZONE 'UTC', E'\\tYYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS new`
  );
}
const INSERT_MISSING = insertMissing(false);
const INSERT_MISSING_ESCAPED = insertMissing(true);

/** The call records in the database. Rows are lines made by `encodeRecord`. */
@Injectable()
export class CallRecordRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly storedPrices: StoredPrices = new StoredPrices(),
  ) {}

  /** Records that are there already (same id and start) are left as they are. All or nothing. */
  async insertBatch(records: readonly CallRecord[]): Promise<void> {
    await this.insertRows(records.map((record) => encodeRecord(record)));
  }

  /**
   * All rows in one transaction or none. COPY costs the embedded database 16 µs of CPU a row where JSON costs 27 and a
   * multi-row INSERT 50. A repeated row makes COPY fail as a whole, which happens only after a crash
   * between commit and checkpoint; then the batch goes the slow way that skips what is there.
   */
  async insertRows(rows: readonly string[]): Promise<void> {
    if (rows.length === 0) return;
    const prices = pricesIn(rows);
    const lines = rows.map(recordPart);
    try {
      await this.inTransaction(async (runner) => {
        await insertPrices(runner, prices);
        await copyIn((await runner.connect()) as object, COPY, `${lines.join('\n')}\n`);
        await addTotals(runner, totalsOf(lines));
      });
    } catch (error) {
      if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
      await this.inTransaction(async (runner) => {
        await insertPrices(runner, prices);
        const escaped = lines.some((row) => row.includes('\\\\'));
        const insert = escaped ? INSERT_MISSING_ESCAPED : INSERT_MISSING;
        const inserted = (await runner.query(insert, [lines.join('\n')])) as unknown as { new: string }[];
        await addTotals(runner, totalsOf(onlyNew(lines, inserted)));
      });
    }
    for (const id of prices.keys()) this.storedPrices.add(id);
  }

  /** Makes the partitions of this month and the two after it, where they are missing. */
  async ensurePartitions(nowMs: number): Promise<void> {
    await this.dataSource.query(`SELECT ensure_call_record_partitions($1::timestamptz, 3)`, [iso(nowMs)]);
  }

  /** The five-letter code of a database error, or `null` for any other failure. */
  stateOf(error: unknown): string | null {
    return sqlState(error);
  }

  async count(filter: CallRecordFilter = {}): Promise<number> {
    const { where, values } = conditions(filter);
    const rows: { n: string }[] = await this.dataSource.query(`SELECT count(*) n FROM call_records ${where}`, values);
    return Number(rows[0]?.n ?? 0);
  }

  /**
   * The records with this request id, newest first, at most 10: a caller may send the same id twice. An id the gateway
   * made tells its own time; one the caller chose is looked for from `sinceMs` on (default: in the last week).
   */
  async findByRequestId(requestId: string, nowMs: number, sinceMs = nowMs - WEEK_MS): Promise<CallRecord[]> {
    const madeAtMs = UUID_V7.test(requestId) ? Number.parseInt(requestId.replaceAll('-', '').slice(0, 12), 16) : null;
    const [from, to] = madeAtMs === null ? [sinceMs, nowMs + 60_000] : [madeAtMs - 60_000, madeAtMs + 60_000];
    return this.select(`WHERE request_id = $1 AND started_at >= $2 AND started_at < $3`, 10, [
      requestId,
      iso(from),
      iso(to),
    ]);
  }

  /** @throws RangeError when the cursor is not one of ours. */
  async list(
    filter: CallRecordFilter,
    page: CallRecordPage,
  ): Promise<{ records: CallRecord[]; nextCursor: string | null }> {
    const limit = Math.min(Math.max(Math.trunc(page.limit), 1), MAX_PAGE);
    const { where, values } = conditions(filter, page.cursor ?? null);
    const records = await this.select(where, limit + 1, values);
    const last = records.length > limit ? records[limit - 1] : undefined;
    return { records: records.slice(0, limit), nextCursor: last === undefined ? null : cursorOf(last) };
  }

  private async select(where: string, limit: number, values: unknown[]): Promise<CallRecord[]> {
    const sql = `SELECT ${SELECTED} FROM call_records ${where} ORDER BY started_at DESC, id DESC LIMIT ${limit}`;
    const rows: (Omit<CallRecord, 'started_at'> & { started_at: Date | string })[] = await this.dataSource.query(
      sql,
      values,
    );
    return rows.map((row) => ({ ...row, started_at: new Date(row.started_at).toISOString() }));
  }

  /** The one place where records are written; what must be true together with them belongs in here. */
  private async inTransaction(write: (runner: QueryRunner) => Promise<void>): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      await write(runner);
      await runner.commitTransaction();
    } catch (error) {
      // A lost connection cannot roll back; the server has done so already.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release().catch(() => undefined);
    }
  }
}

function sqlState(error: unknown): string | null {
  const { code, driverError } = (error ?? {}) as { code?: unknown; driverError?: { code?: unknown } };
  const state = code ?? driverError?.code;
  return typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) ? state : null;
}

/** The rows that were inserted: of equal ones in a batch the first. */
function onlyNew(rows: readonly string[], inserted: readonly { new: string }[]): string[] {
  const left = new Set(inserted.map((row) => row.new));
  return rows.filter((row) => left.delete(identityOf(row)));
}

/** In one order everywhere: two writers with new prices must not wait for each other. */
async function insertPrices(runner: QueryRunner, prices: ReadonlyMap<string, string>): Promise<void> {
  if (prices.size === 0) return;
  const ids = [...prices.keys()].sort();
  await runner.query(INSERT_PRICES, [ids, ids.map((id) => prices.get(id))]);
}

const iso = (ms: number): string => new Date(ms).toISOString();

const cursorOf = (record: CallRecord): string =>
  Buffer.from(`${Date.parse(record.started_at)} ${record.id}`).toString('base64url');

function conditions(filter: CallRecordFilter, cursor: string | null = null): { where: string; values: unknown[] } {
  const values: unknown[] = [];
  const parts: string[] = [];
  const add = (sql: string, value: unknown): void => {
    if (value === undefined) return;
    values.push(value);
    parts.push(sql.replace('?', `$${values.length}`));
  };
  add('org_id = ?', filter.orgId);
  add('project_id = ?', filter.projectId);
  add('key_id = ?', filter.keyId);
  add('model = ?', filter.model);
  add('provider = ?', filter.provider);
  add('status = ?', filter.status);
  add('outcome = ?', filter.outcome);
  add('started_at >= ?', filter.fromMs === undefined ? undefined : iso(filter.fromMs));
  add('started_at < ?', filter.toMs === undefined ? undefined : iso(filter.toMs));
  if (cursor !== null) {
    const [, ms, id] = /^(\d{1,15}) ([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
    if (ms === undefined) throw new RangeError('cursor is not valid');
    values.push(iso(Number(ms)), id);
    parts.push(`(started_at, id) < ($${values.length - 1}::timestamptz, $${values.length}::uuid)`);
  }
  return { where: parts.length === 0 ? '' : `WHERE ${parts.join(' AND ')}`, values };
}
