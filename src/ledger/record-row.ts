import type { CallBeginning, CallRecord } from './call-record.js';

/** Columns of `call_records` in the order of a row's fields. Fields are only ever added at the end: old journals are read by new versions. */
export const ROW_COLUMNS = [
  ['id', 'uuid'],
  ['started_at', 'timestamptz'],
  ['request_id', 'text'],
  ['org_id', 'uuid'],
  ['project_id', 'uuid'],
  ['key_id', 'uuid'],
  ['key_prefix', 'text'],
  ['path', 'text'],
  ['model', 'text'],
  ['upstream_model', 'text'],
  ['provider', 'text'],
  ['backend_id', 'text'],
  ['status', 'smallint'],
  ['outcome', 'text'],
  ['error_kind', 'text'],
  ['stream', 'boolean'],
  ['attempts', 'smallint'],
  ['fallback', 'boolean'],
  ['prompt_tokens', 'integer'],
  ['completion_tokens', 'integer'],
  ['total_tokens', 'integer'],
  ['cached_tokens', 'integer'],
  ['reasoning_tokens', 'integer'],
  ['usage_source', 'text'],
  ['duration_ms', 'real'],
  ['ttft_ms', 'real'],
  ['upstream_ms', 'real'],
  ['cost_nano_dollars', 'bigint'],
  ['finish_reason', 'text'],
  ['input_hash', 'text'],
  ['metadata', 'jsonb'],
  ['spend_day', 'date'],
  ['price_id', 'text'],
  ['price_source', 'text'],
  ['usage_details', 'jsonb'],
  ['loss', 'text'],
] as const satisfies readonly (readonly [keyof CallRecord, string])[];

/** A row's fields: one a column, then what the price in `price_id` says, as long as the database has not been told. */
export const ROW_FIELDS = ROW_COLUMNS.length + 1;
/** Rows of the version without `loss`: the price stood where it stands now. */
const FIELDS_BEFORE_LOSS = 36;
const STARTED_AT = 1;
const SPEND_DAY = ROW_COLUMNS.findIndex(([name]) => name === 'spend_day');
const ORG_ID = ROW_COLUMNS.findIndex(([name]) => name === 'org_id');
const COST = ROW_COLUMNS.findIndex(([name]) => name === 'cost_nano_dollars');
const PRICE_ID = ROW_COLUMNS.findIndex(([name]) => name === 'price_id');

const MAX_TEXT_CHARS = 1024;
const MAX_STATEMENT_CHARS = 16_384;
const MAX_METADATA_CHARS = 16_384;
const MAX_INT = 2_147_483_647;
const MAX_SMALLINT = 32_767;
/** A field without a value. */
export const NULL = '\\N';
const NO_PRICE = `\t${NULL}`;

// Control characters would break the line; NUL and lone surrogates would be refused by PostgreSQL.
const NEEDS_CARE = /[\u0000-\u001f\\\ud800-\udfff]/;
const CONTROL = /[\u0000-\u001f]/g;

/** How `JSON.stringify` writes control characters and lone surrogates, neither of which jsonb takes. */
const UNICODE_ESCAPE = /(?<!\\)((?:\\\\)*)\\u[0-9a-f]{4}/g;

const clean = (value: string): string => value.toWellFormed().replace(CONTROL, '\ufffd');
const escape = (value: string): string => value.replaceAll('\\', '\\\\');

function text(value: string | null | undefined): string {
  if (value === null || value === undefined) return NULL;
  const short = value.length > MAX_TEXT_CHARS ? value.slice(0, MAX_TEXT_CHARS) : value;
  return NEEDS_CARE.test(short) ? escape(clean(short)) : short;
}

/** Anything that is not a count becomes the nearest count, so that no number can make a record unacceptable. */
function count(value: number, max: number): string {
  if (value >= 0 && value <= max) return String(Math.trunc(value));
  return value > max ? String(max) : '0';
}

/** Milliseconds with microsecond precision, written as a whole number of microseconds: `String` of a fraction costs three times as much. */
function millis(value: number | null | undefined): string {
  if (value === null || value === undefined) return NULL;
  return Number.isFinite(value) ? `${Math.round(value * 1000)}e-3` : '0';
}

function money(value: string | null | undefined): string {
  if (value === null || value === undefined) return NULL;
  return /^-?\d{1,18}$/.test(value) ? value : NULL;
}

function metadata(value: Record<string, string> | null | undefined): string {
  if (value === null || value === undefined) return NULL;
  const json = JSON.stringify(value);
  if (json.length > MAX_METADATA_CHARS) return `{"omitted":"over ${MAX_METADATA_CHARS} characters"}`;
  return escape(json.includes('\\u') ? json.replace(UNICODE_ESCAPE, '$1\ufffd') : json);
}

function details(value: Record<string, number> | null | undefined): string {
  return value === null || value === undefined ? NULL : JSON.stringify(value);
}

/** A price that does not fit is not stored; its id still tells it from others. */
function statement(value: string | null): string {
  return value === null || value.length > MAX_STATEMENT_CHARS ? NULL : escape(value);
}

const day = (value: string | null | undefined, startedAt: string): string =>
  value !== null && value !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : startedAt.slice(0, 10);

const flag = (value: boolean): string => (value ? 't' : 'f');

/**
 * One record as a line of PostgreSQL's COPY text format, without the line feed. The journal holds these lines and the
 * database takes them as they are: a record is encoded once in its life. Never longer than {@link MAX_ROW_CHARS}.
 * @param price what the price behind `price_id` says, if the database may not know it yet
 */
export function encodeRecord(r: CallRecord, price: string | null = null): string {
  return (
    `${r.id}\t${r.started_at}\t${text(r.request_id)}\t${text(r.org_id)}\t${text(r.project_id)}\t${text(r.key_id)}\t` +
    `${text(r.key_prefix)}\t${text(r.path)}\t${text(r.model)}\t${text(r.upstream_model)}\t${text(r.provider)}\t` +
    `${text(r.backend_id)}\t${count(r.status, MAX_SMALLINT)}\t${text(r.outcome)}\t${text(r.error_kind)}\t` +
    `${flag(r.stream)}\t${count(r.attempts, MAX_SMALLINT)}\t${flag(r.fallback)}\t${count(r.prompt_tokens, MAX_INT)}\t` +
    `${count(r.completion_tokens, MAX_INT)}\t${count(r.total_tokens, MAX_INT)}\t${count(r.cached_tokens, MAX_INT)}\t` +
    `${count(r.reasoning_tokens, MAX_INT)}\t${text(r.usage_source)}\t${millis(r.duration_ms)}\t${millis(r.ttft_ms)}\t` +
    `${millis(r.upstream_ms)}\t${money(r.cost_nano_dollars)}\t${text(r.finish_reason)}\t${text(r.input_hash)}\t` +
    `${metadata(r.metadata)}\t${day(r.spend_day, r.started_at)}\t${text(r.price_id)}\t${text(r.price_source)}\t` +
    `${details(r.usage_details)}\t${text(r.loss)}\t${statement(price)}`
  );
}

/**
 * The row a call leaves should it never end: what was known at its beginning, outcome `died`, status 0. Written ahead of
 * the call, so that the next process has nothing to make up and inserts the same row however often it tries.
 */
export function encodeBeginning(b: CallBeginning): string {
  const cost = money(b.cost_nano_dollars);
  const source = cost === NULL ? 'none' : 'estimated';
  return (
    `${b.id}\t${b.started_at}\t${text(b.request_id)}\t${text(b.org_id)}\t${text(b.project_id)}\t${text(b.key_id)}\t` +
    `${text(b.key_prefix)}\t${text(b.path)}\t${text(b.model)}\t${text(b.upstream_model)}\t\\N\t` +
    `\\N\t0\tdied\t\\N\t${flag(b.stream)}\t0\tf\t0\t0\t0\t0\t0\t${source}\t0\t\\N\t\\N\t${cost}\t\\N\t\\N\t\\N\t` +
    `${day(b.spend_day, b.started_at)}\t\\N\t\\N\t\\N\t\\N\t\\N`
  );
}

/** A row's upper bound: every text at its longest with every character escaped. Longer lines in a file are garbage. */
export const MAX_ROW_CHARS = 2 * (16 * MAX_TEXT_CHARS + MAX_METADATA_CHARS + MAX_STATEMENT_CHARS) + 1536;

/** A row without what is not a column. */
export const recordPart = (row: string): string => row.slice(0, row.lastIndexOf('\t'));

/** The prices that came with these rows: what they say, by id. */
export function pricesIn(rows: readonly string[]): Map<string, string> {
  const prices = new Map<string, string>();
  for (const row of rows) {
    if (row.endsWith(NO_PRICE)) continue;
    const fields = row.split('\t');
    const [id, price] = [fields[PRICE_ID], fields[ROW_FIELDS - 1]];
    if (id !== undefined && price !== undefined && id !== NULL) prices.set(id, price.replaceAll('\\\\', '\\'));
  }
  return prices;
}

/** What tells a row from all others: id and start, as they stand in it. */
export const identityOf = (row: string): string => row.slice(0, row.indexOf('\t', row.indexOf('\t') + 1));

/** The id a row begins with. */
export const rowId = (row: string): string => row.slice(0, row.indexOf('\t'));

/** Whom a call's cost counts for. */
export interface RowSpend {
  id: string;
  orgId: string;
  projectId: string | null;
  /** The key's id, or its prefix where it has none. */
  key: string | null;
  /** `YYYY-MM-DD` */
  day: string;
  costNano: bigint;
}

/** What a row adds to what was spent; `null` where that is nothing, unknown, or nobody's. */
export function spendOf(row: string): RowSpend | null {
  const fields = row.split('\t');
  const [cost = NULL, orgId = NULL] = [fields[COST], fields[ORG_ID]];
  if (cost === NULL || orgId === NULL) return null;
  const given = (index: number): string | null => (fields[index] === NULL ? null : (fields[index] ?? null));
  return {
    id: fields[0] ?? '',
    orgId,
    projectId: given(ORG_ID + 1),
    key: given(ORG_ID + 2) ?? given(ORG_ID + 3),
    day: fields[SPEND_DAY] ?? '',
    costNano: BigInt(cost),
  };
}

/** A row of another version's journal, fitted to the columns of this one: fields it does not have yet are NULL, unknown ones are cut off. */
export function fitRow(row: string): string {
  const fields = row.split('\t');
  if (fields.length === ROW_FIELDS) return row;
  if (fields.length === FIELDS_BEFORE_LOSS) fields.splice(-1, 0, NULL);
  fields[SPEND_DAY] ??= (fields[STARTED_AT] ?? '').slice(0, 10);
  return Array.from({ length: ROW_FIELDS }, (_unused, i) => fields[i] ?? NULL).join('\t');
}
