import { bucketOf, HISTOGRAM_BUCKETS } from './histogram.js';
import { NanoSum } from './nano-sum.js';
import { NULL, ROW_COLUMNS } from './record-row.js';
import type { SpendLevel } from './spend-totals.repository.js';

/** What a batch adds to one row of `spend_totals`. */
export interface SpendDelta {
  level: SpendLevel;
  subjectId: string;
  /** `YYYY-MM-DD` */
  day: string;
  costNano: NanoSum;
  calls: number;
  promptTokens: number;
  completionTokens: number;
}

/** What a batch adds to one row of `usage_rollups`. */
export interface RollupDelta {
  /** ISO 8601, UTC, a whole hour. */
  hour: string;
  orgId: string | null;
  projectId: string | null;
  keyId: string | null;
  model: string | null;
  provider: string | null;
  outcome: string;
  calls: number;
  unpricedCalls: number;
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  reasoningTokens: number;
  costNano: NanoSum;
  durationUs: number;
  ttftUs: number;
  latency: number[];
  /** `null` while no call of the row had a first token to wait for. */
  ttft: number[] | null;
}

/** By a text that puts them in the order in which every writer takes its locks. */
export interface BatchTotals {
  spend: Map<string, SpendDelta>;
  rollups: Map<string, RollupDelta>;
}

const at = Object.fromEntries(ROW_COLUMNS.map(([name], i) => [name, i])) as Record<
  (typeof ROW_COLUMNS)[number][0],
  number
>;
/** An index takes 2,704 bytes a row, and two names must fit. */
const MAX_NAME_CHARS = 200;
const SUMS = [
  'calls',
  'unpricedCalls',
  'promptTokens',
  'completionTokens',
  'cachedTokens',
  'reasoningTokens',
  'durationUs',
  'ttftUs',
] as const;

/** Calls that fall into the same rows of both tables. */
interface Group {
  rollup: RollupDelta;
  day: string;
  keyPrefix: string | null;
}

/** What these rows (as `encodeRecord` makes them) add to the totals. Costs 2 to 3 µs a row. */
export function totalsOf(rows: readonly string[]): BatchTotals {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const fields = row.split('\t');
    count(groupOf(groups, fields).rollup, fields);
  }
  const totals: BatchTotals = { spend: new Map(), rollups: new Map() };
  for (const group of groups.values()) {
    addSpend(totals.spend, group);
    addRollup(totals.rollups, group.rollup);
  }
  return totals;
}

function groupOf(groups: Map<string, Group>, fields: string[]): Group {
  const hour = (fields[at.started_at] ?? '').slice(0, 13);
  const model = isMadeUpModel(fields[at.status], fields[at.error_kind]) ? NULL : fields[at.model];
  const key =
    `${fields[at.key_id]}\t${model}\t${fields[at.provider]}\t${fields[at.outcome]}\t${hour}\t${fields[at.spend_day]}\t` +
    `${fields[at.project_id]}\t${fields[at.org_id]}\t${fields[at.key_prefix]}`;
  let group = groups.get(key);
  if (group === undefined) {
    const rollup = emptyRollup({
      hour: `${hour}:00:00Z`,
      orgId: plain(fields[at.org_id]),
      projectId: plain(fields[at.project_id]),
      keyId: plain(fields[at.key_id]),
      model: nameOf(plain(model)),
      provider: nameOf(plain(fields[at.provider])),
      outcome: fields[at.outcome] ?? '',
    });
    group = { rollup, day: fields[at.spend_day] ?? '', keyPrefix: plain(fields[at.key_prefix]) };
    groups.set(key, group);
  }
  return group;
}

/** A model nobody knows, here or upstream: the caller's own words, which would make a row each. */
export const isMadeUpModel = (status: string | undefined, errorKind: string | null | undefined): boolean =>
  status === '404' || errorKind === 'model_not_found';

function addSpend(spend: BatchTotals['spend'], { rollup, day, keyPrefix }: Group): void {
  const levels = [
    ['key', rollup.keyId ?? keyPrefix],
    ['project', rollup.projectId],
    ['org', rollup.orgId],
  ] as const;
  for (const [level, subjectId] of levels) {
    if (subjectId === null) continue;
    const total = spendAt(spend, { level, subjectId, day });
    total.calls += rollup.calls;
    total.promptTokens += rollup.promptTokens;
    total.completionTokens += rollup.completionTokens;
    total.costNano.add(rollup.costNano.toString());
  }
}

/** The delta of a row of `spend_totals`, made where it is missing. */
export function spendAt(spend: BatchTotals['spend'], row: Pick<SpendDelta, 'level' | 'subjectId' | 'day'>): SpendDelta {
  const key = `${row.subjectId}\t${row.level}\t${row.day}`;
  let total = spend.get(key);
  if (total === undefined) {
    total = { ...row, costNano: new NanoSum(), calls: 0, promptTokens: 0, completionTokens: 0 };
    spend.set(key, total);
  }
  return total;
}

/** Several groups share a row where days change within the hour, or names are alike as far as they are kept. */
function addRollup(rollups: BatchTotals['rollups'], rollup: RollupDelta): void {
  const known = rollupAt(rollups, rollup);
  if (known === rollup) return;
  for (const name of SUMS) known[name] += rollup[name];
  known.costNano.add(rollup.costNano.toString());
  known.latency = known.latency.map((value, i) => value + (rollup.latency[i] ?? 0));
  const { ttft } = known;
  known.ttft = ttft === null ? rollup.ttft : ttft.map((value, i) => value + (rollup.ttft?.[i] ?? 0));
}

/** The delta of the row of `usage_rollups` that `delta` belongs to; `delta` itself where it is the first. */
export function rollupAt(rollups: BatchTotals['rollups'], delta: RollupDelta): RollupDelta {
  const { orgId, hour, projectId, keyId, model, provider, outcome } = delta;
  const key = `${orgId}\t${hour}\t${projectId}\t${keyId}\t${model}\t${provider}\t${outcome}`;
  const known = rollups.get(key);
  if (known === undefined) rollups.set(key, delta);
  return known ?? delta;
}

function count(rollup: RollupDelta, fields: string[]): void {
  rollup.calls += 1;
  rollup.promptTokens += Number(fields[at.prompt_tokens]);
  rollup.completionTokens += Number(fields[at.completion_tokens]);
  rollup.cachedTokens += Number(fields[at.cached_tokens]);
  rollup.reasoningTokens += Number(fields[at.reasoning_tokens]);
  const cost = fields[at.cost_nano_dollars] ?? NULL;
  if (cost !== NULL) rollup.costNano.add(cost);
  if (fields[at.price_source] === 'unknown') rollup.unpricedCalls += 1;
  const durationMs = Number(fields[at.duration_ms]);
  rollup.durationUs += Math.round(durationMs * 1000);
  increment(rollup.latency, bucketOf(durationMs));
  const ttft = fields[at.ttft_ms] ?? NULL;
  if (ttft === NULL) return;
  rollup.ttftUs += Math.round(Number(ttft) * 1000);
  rollup.ttft ??= noCounts();
  increment(rollup.ttft, bucketOf(Number(ttft)));
}

/** What tells one row of `usage_rollups` from another. */
export type RollupKey = Pick<RollupDelta, 'hour' | 'orgId' | 'projectId' | 'keyId' | 'model' | 'provider' | 'outcome'>;

export function emptyRollup(key: RollupKey): RollupDelta {
  return {
    ...key,
    calls: 0,
    unpricedCalls: 0,
    promptTokens: 0,
    completionTokens: 0,
    cachedTokens: 0,
    reasoningTokens: 0,
    costNano: new NanoSum(),
    durationUs: 0,
    ttftUs: 0,
    latency: noCounts(),
    ttft: null,
  };
}

const noCounts = (): number[] => new Array<number>(HISTOGRAM_BUCKETS).fill(0);

function increment(counts: number[], bucket: number): void {
  counts[bucket] = (counts[bucket] ?? 0) + 1;
}

/** A field as the database will hold it. */
function plain(field: string | undefined): string | null {
  if (field === undefined || field === NULL) return null;
  return field.includes('\\') ? field.replaceAll('\\\\', '\\') : field;
}

/** A name as the rollups keep it: cut to what their index takes. */
export function nameOf(name: string | null): string | null {
  return name === null || name.length <= MAX_NAME_CHARS ? name : name.slice(0, MAX_NAME_CHARS).toWellFormed();
}
