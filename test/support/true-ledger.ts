import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { budgetCounter } from '../../src/budget/budget-counter.js';
import { LINGER_MS, type Window } from '../../src/counters/claim.js';
import { RedisCounterStore } from '../../src/counters/redis-counter.store.js';
import { HOLD_TTL_MS } from '../../src/gateway/admission.guard.js';
import { RedisConnection, type RedisClient } from '../../src/infra/redis/redis-connection.js';
import type { CallRecord } from '../../src/ledger/call-record.js';
import { expectTotalsToFitRecords } from '../integration/ledger/totals-oracle.js';
import { PROMPT_TOKENS } from './budgeted-gateways.js';
import { eventually, type GatewayProcess } from './gateway-process.js';
import type { Seen } from './load-of-calls.js';
import type { Served, TallyingUpstream } from './tallying-upstream.js';
import { allRecords } from './usage-records.js';

/** Nano-dollars of a token, in and out: one dollar per million. */
const TOKEN_NANO = 1000;
/** Differences shown when there are many. */
const SHOWN = 12;

/** What is to be compared. Without a `databaseUrl` the figures, without a `redisUrl` the counters are left out. */
export interface Books {
  /** One that is asked for the records. */
  gateway: GatewayProcess;
  upstream: TallyingUpstream;
  /** What callers saw, by request id. */
  seen: ReadonlyMap<string, Seen>;
  databaseUrl?: string | undefined;
  redisUrl?: string | undefined;
  /** Keys with daily and monthly budgets, by id: their counters are compared. */
  keyIds?: readonly string[];
  /** How long the records may take to arrive, ms. Default 15,000. */
  withinMs?: number;
}

/**
 * Fails unless the ledger is what the upstream says it served, settled as promised: an answer is charged with what the upstream
 * reported, else with what was counted; nothing is charged for a refusal or no answer; a call that the caller or the upstream broke
 * off with the usage that was seen, else with the prompt and what was delivered; one that died with its process with what it had
 * reserved. Each call has one record; figures and budgets' counters agree with the records. Answers the records.
 */
export async function expectTrueLedger(books: Books): Promise<CallRecord[]> {
  const records = await recordsOf(books);
  const found = differences(books, records);
  expect(found.slice(0, SHOWN)).toEqual([]);
  const { databaseUrl, redisUrl } = books;
  if (databaseUrl === undefined) return records;
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  const query: Query = async (sql, values) => (await database.query(sql, values)).rows as never;
  try {
    await expectTotalsToFitRecords({ query });
    if (redisUrl === undefined) return records;
    for (const keyId of books.keyIds ?? []) expect(await budgetFaults(keyId, redisUrl, query)).toEqual([]);
  } finally {
    await database.end();
  }
  return records;
}

type Query = <Rows>(sql: string, values?: unknown[]) => Promise<Rows>;

/** The records, once all that was served or answered is among them, or after a while. */
async function recordsOf({ gateway, upstream, seen, withinMs = 15_000 }: Books): Promise<CallRecord[]> {
  let records: CallRecord[] = [];
  const answered = [...seen].flatMap(([id, { status }]) => (status === 0 ? [] : [id]));
  const expected = new Set([...upstream.served.keys(), ...answered]);
  await eventually(async () => {
    records = await allRecords(gateway);
    const ids = new Set(records.map(({ request_id: id }) => id));
    return [...expected].every((id) => ids.has(id));
  }, withinMs).catch(() => undefined);
  return records;
}

function differences({ upstream, seen }: Books, records: readonly CallRecord[]): string[] {
  const { served } = upstream;
  const found: string[] = [];
  const byId = new Map<string, CallRecord>();
  for (const record of records) {
    if (byId.has(record.request_id)) found.push(`${record.request_id}: recorded twice`);
    byId.set(record.request_id, record);
  }
  for (const id of served.keys()) if (!byId.has(id)) found.push(`${id}: served, and not recorded`);
  for (const [id, { status }] of seen)
    if (status !== 0 && !byId.has(id)) found.push(`${id}: answered ${status}, and not recorded`);
  for (const [id, record] of byId) {
    const whole = served.has(id) || !upstream.heardOf(id);
    const wrong = whole ? faultOf(record, served.get(id), seen.get(id)) : brokenOffFault(record);
    if (wrong !== null) found.push(`${id}: ${wrong} ${described(record, served.get(id), seen.get(id))}`);
  }
  return found;
}

function described(record: CallRecord, served: Served | undefined, seen: Seen | undefined): string {
  const { outcome, status, prompt_tokens, completion_tokens, usage_source, cost_nano_dollars } = record;
  const shown = { outcome, status, prompt_tokens, completion_tokens, usage_source, cost_nano_dollars };
  return JSON.stringify({ record: shown, served, seen });
}

function faultOf(record: CallRecord, served: Served | undefined, seen: Seen | undefined): string | null {
  const cost = Number(record.cost_nano_dollars ?? 0);
  if (record.outcome === 'died') return record.status + record.total_tokens === 0 ? null : 'dead, and with tokens';
  if (cost !== record.total_tokens * TOKEN_NANO) return 'its cost is not that of its tokens';
  if (seen !== undefined && seen.status !== 0 && seen.status !== record.status)
    return 'another status than its caller saw';
  if (served === undefined) return record.total_tokens === 0 ? null : 'charged, and never served';
  switch (record.outcome) {
    case 'ok':
      if (!served.complete) return 'an answer that never ended';
      return chargedFault(record, served, { least: served.written, most: served.written });
    case 'broken':
    case 'hung_up':
      return chargedFault(record, served, { least: seen?.tokens ?? 0, most: served.written });
    case 'upstream_failed':
      if (served.complete) return 'failed, though it was served to its end';
      return record.total_tokens === 0 ? null : 'charged for a failure';
    default:
      return `served, but ${record.outcome}`;
  }
}

/** Between the tokens the caller saw and those the upstream wrote lies what was on its way when the call broke off. */
function chargedFault(record: CallRecord, served: Served, tokens: { least: number; most: number }): string | null {
  const { prompt_tokens: prompt, completion_tokens: completion } = record;
  if (record.usage_source === 'upstream') {
    if (!served.reported) return 'has a usage that was never reported';
    return prompt === served.promptTokens && completion === served.completionTokens
      ? null
      : 'another usage than reported';
  }
  if (record.outcome === 'ok' && served.reported) return 'counted, though usage was reported';
  if (record.usage_source === 'none')
    return served.written === 0 && !served.complete ? null : 'not charged, though something was delivered';
  if (prompt !== PROMPT_TOKENS) return 'charged with another prompt than was sent';
  const { least, most } = tokens;
  return completion >= least && completion <= most ? null : `not between ${least} and ${most} tokens`;
}

/** The caller left while the upstream was still being asked: it used the prompt. */
function brokenOffFault({ outcome, prompt_tokens: prompt, completion_tokens: completion }: CallRecord): string | null {
  if (outcome === 'died') return null;
  if (outcome !== 'hung_up') return `asked by half, but ${outcome}`;
  return prompt === PROMPT_TOKENS && completion === 0 ? null : 'asked by half, and charged with another prompt';
}

/** What was spent in a day or month, by its counter and by the ledger, nano-dollars. */
interface TwoBooks {
  budget: string;
  counter: number;
  ledger: number;
}

/** Where a budget's counter in Redis and the ledger differ although all is quiet, and every hold of the dead has run out. */
async function budgetFaults(keyId: string, redisUrl: string, query: Query, withinMs = 20_000): Promise<TwoBooks[]> {
  Logger.overrideLogger(false);
  const connection = new RedisConnection({ url: redisUrl });
  const client = connection.client as RedisClient;
  await once(client, 'ready');
  const store = new RedisCounterStore(client, {
    ...{ timeoutMs: 2_000, processId: randomUUID() },
    nowMs: () => Date.now() + HOLD_TTL_MS + LINGER_MS + 1_000,
  });
  try {
    let books: TwoBooks[] = [];
    const differing = (): TwoBooks[] => books.filter(({ counter, ledger }) => counter !== ledger);
    const until = performance.now() + withinMs;
    do books = await spendInBothBooks(keyId, store, query);
    while (differing().length > 0 && performance.now() < until);
    if (!books.some(({ ledger }) => ledger > 0)) throw new Error('there is no budget to compare');
    return differing();
  } finally {
    await store.onApplicationShutdown();
    await connection.onApplicationShutdown();
  }
}

/** By the days and months in which the key spent anything. */
async function spendInBothBooks(keyId: string, store: RedisCounterStore, query: Query): Promise<TwoBooks[]> {
  const rows = await query<{ org: string; bucket: string; spent: string }[]>(
    `SELECT (SELECT max(org_id::text) FROM call_records WHERE key_id::text = $1) AS org, bucket, sum(cost_nano)::text AS spent
     FROM spend_totals, LATERAL (VALUES (day::text), (to_char(day, 'YYYY-MM'))) AS b (bucket)
     WHERE level = 'key' AND subject_id = $1 GROUP BY bucket ORDER BY bucket`,
    [keyId],
  );
  const window = (bucket: string): Window => ({ kind: 'calendar', bucket, expiresAtMs: Date.now() });
  const queries = rows.map(({ org, bucket }) => ({
    counter: budgetCounter(org, 'key', keyId),
    limit: 0,
    window: window(bucket),
  }));
  const states = queries.length === 0 ? [] : await store.read(queries);
  return rows.map(({ bucket, spent }, i) => ({
    budget: `key ${keyId} ${bucket}`,
    counter: Number(states?.[i]?.used ?? Number.NaN),
    ledger: Number(spent),
  }));
}
