import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { GatewayError } from '../../../libs/protocol/index.js';

/** What a list was asked for. */
export interface PageRequest {
  /** Rows at most, 1 and up. */
  readonly limit: number;
  /** `nextCursor` of the page before; `null`: the first page. */
  readonly cursor: string | null;
  /** Part of a name; `null`: everything. */
  readonly search: string | null;
  /** Name of a sortable field, with `-` in front for descending order; `null`: newest first. */
  readonly sort: string | null;
}

export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

/** How the rows of one table are listed. */
export interface PageShape<T> {
  /** Sortable field → property of the entity and how its value is written down. None may be nullable. Ties are broken by `id`. */
  readonly sortable: Readonly<Record<string, SortColumn<T>>>;
  /** Properties that `search` looks into. */
  readonly searchable: readonly (keyof T & string)[];
}

type SortType = 'text' | 'timestamptz' | 'bigint';

export interface SortColumn<T> {
  readonly property: keyof T & string;
  readonly type: SortType;
  /** The row's value as text that PostgreSQL reads back exactly. Timestamps must be `timestamptz(3)`: a Date holds no more. */
  readonly read: (row: T) => string;
}

const NEWEST_FIRST = '-created_at';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

interface Position {
  value: string;
  id: string;
}

/**
 * One page of `query` by keyset, so that rows added or removed meanwhile neither repeat nor hide others.
 * @throws GatewayError `invalid_request` naming `sort` or `cursor`.
 */
export async function fetchPage<T extends ObjectLiteral & { id: string }>(
  query: SelectQueryBuilder<T>,
  request: PageRequest,
  shape: PageShape<T>,
): Promise<Page<T>> {
  const sort = request.sort ?? NEWEST_FIRST;
  const descending = sort.startsWith('-');
  const by = sortColumn(shape, descending ? sort.slice(1) : sort);
  const column = `${query.alias}.${by.property}`;
  const id = `${query.alias}.id`;
  if (request.cursor !== null) {
    const from = decodeCursor(request.cursor, sort, by.type);
    const comparison = descending ? '<' : '>';
    query.andWhere(`(${column}, ${id}) ${comparison} (CAST(:pageValue AS ${by.type}), CAST(:pageId AS uuid))`, {
      pageValue: from.value,
      pageId: from.id,
    });
  }
  if (request.search !== null) addSearch(query, request.search, shape.searchable);
  const direction = descending ? 'DESC' : 'ASC';
  const rows = await query
    .orderBy(column, direction)
    .addOrderBy(id, direction)
    .limit(request.limit + 1)
    .getMany();
  const items = rows.slice(0, request.limit);
  const last = items.at(-1);
  const more = rows.length > request.limit && last !== undefined;
  return { items, nextCursor: more ? encodeCursor(sort, { value: by.read(last), id: last.id }) : null };
}

function sortColumn<T>(shape: PageShape<T>, field: string): SortColumn<T> {
  const by = Object.hasOwn(shape.sortable, field) ? shape.sortable[field] : undefined;
  if (by !== undefined) return by;
  const fields = Object.keys(shape.sortable).join(', ');
  throw new GatewayError('invalid_request', `sort must be one of ${fields}, or -field.`, { param: 'sort' });
}

function addSearch<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  search: string,
  columns: readonly string[],
): void {
  const pattern = `%${search.replace(/[\\%_]/g, String.raw`\$&`)}%`;
  const matches = columns.map((column) => `${query.alias}.${column} ILIKE :pageSearch`);
  query.andWhere(`(${matches.join(' OR ')})`, { pageSearch: pattern });
}

function encodeCursor(sort: string, position: Position): string {
  return Buffer.from(JSON.stringify([sort, position.value, position.id])).toString('base64url');
}

/** A cursor comes from outside: everything in it is checked before the database sees it. */
function decodeCursor(cursor: string, sort: string, type: SortType): Position {
  const invalid = new GatewayError('invalid_request', 'cursor is not one this list gave out for this order.', {
    param: 'cursor',
  });
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw invalid;
  }
  if (!Array.isArray(parts) || parts.length !== 3 || parts[0] !== sort) throw invalid;
  const [, value, id] = parts as unknown[];
  if (typeof value !== 'string' || typeof id !== 'string' || !UUID.test(id) || !READABLE[type](value)) throw invalid;
  return { value, id };
}

const READABLE: Record<SortType, (value: string) => boolean> = {
  text: (value) => !value.includes('\0'),
  timestamptz: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value)),
  bigint: (value) => /^\d{1,18}$/.test(value),
};
