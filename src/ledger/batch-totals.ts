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

/** What calls are told apart by in both tables of figures. */
export interface CallKind {
  orgId: string | null;
  projectId: string | null;
  keyId: string | null;
  model: string | null;
  provider: string | null;
  outcome: string;
}

/** Sums over calls. */
export interface CallSums {
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
  ttft: number[];
}

/** What a batch adds to one row of `usage_rollups`. */
export interface HourDelta {
  kind: CallKind;
  /** ISO 8601, UTC, a whole hour. */
  hour: string;
  sums: CallSums;
}

/** What a batch adds to one row of `usage_days`. */
export interface DayDelta {
  kind: CallKind;
  /** `YYYY-MM-DD`, in UTC. */
  day: string;
  /** `YYYY-MM-DD`, of the organisation. */
  spendDay: string;
  sums: CallSums;
}

/** By a text that puts them in the order in which every writer takes its locks. */
export interface BatchTotals {
  spend: Map<string, SpendDelta>;
  hours: Map<string, HourDelta>;
  days: Map<string, DayDelta>;
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

/** Calls that fall into the same rows of all tables. */
interface Group {
  kind: CallKind;
  hour: string;
  spendDay: string;
  keyPrefix: string | null;
  sums: CallSums;
}

/** What these rows (as `encodeRecord` makes them) add to the totals. Costs 2 to 3 µs a row. */
export function totalsOf(rows: readonly string[]): BatchTotals {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const fields = row.split('\t');
    count(groupOf(groups, fields).sums, fields);
  }
  const totals = noTotals();
  for (const group of groups.values()) {
    addSpend(totals.spend, group);
    addToHour(totals, group, group.sums);
    addToDay(totals, { kind: group.kind, day: group.hour.slice(0, 10), spendDay: group.spendDay }, group.sums);
  }
  return totals;
}

export const noTotals = (): BatchTotals => ({ spend: new Map(), hours: new Map(), days: new Map() });

function groupOf(groups: Map<string, Group>, fields: string[]): Group {
  const hour = (fields[at.started_at] ?? '').slice(0, 13);
  const model = isMadeUpModel(fields[at.status], fields[at.error_kind]) ? NULL : fields[at.model];
  const key =
    `${fields[at.key_id]}\t${model}\t${fields[at.provider]}\t${fields[at.outcome]}\t${hour}\t${fields[at.spend_day]}\t` +
    `${fields[at.project_id]}\t${fields[at.org_id]}\t${fields[at.key_prefix]}`;
  let group = groups.get(key);
  if (group === undefined) {
    const kind = {
      orgId: plain(fields[at.org_id]),
      projectId: plain(fields[at.project_id]),
      keyId: plain(fields[at.key_id]),
      model: nameOf(plain(model)),
      provider: nameOf(plain(fields[at.provider])),
      outcome: fields[at.outcome] ?? '',
    };
    const spendDay = fields[at.spend_day] ?? '';
    group = { kind, hour: `${hour}:00:00Z`, spendDay, keyPrefix: plain(fields[at.key_prefix]), sums: noSums() };
    groups.set(key, group);
  }
  return group;
}

/** A model nobody knows, here or upstream: the caller's own words, which would make a row each. */
export const isMadeUpModel = (status: string | undefined, errorKind: string | null | undefined): boolean =>
  status === '404' || errorKind === 'model_not_found';

function addSpend(spend: BatchTotals['spend'], group: Group): void {
  const { kind, keyPrefix, spendDay: day, sums } = group;
  const levels = [
    ['key', kind.keyId ?? keyPrefix],
    ['project', kind.projectId],
    ['org', kind.orgId],
  ] as const;
  for (const [level, subjectId] of levels) {
    if (subjectId === null) continue;
    const total = spendAt(spend, { level, subjectId, day });
    total.calls += sums.calls;
    total.promptTokens += sums.promptTokens;
    total.completionTokens += sums.completionTokens;
    total.costNano.add(sums.costNano.toString());
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

/** Adds `sums`, which may become part of the totals and is not to be changed any more. */
export function addToHour({ hours }: BatchTotals, { kind, hour }: Omit<HourDelta, 'sums'>, sums: CallSums): void {
  const key = `${kind.orgId}\t${hour}\t${restOf(kind)}`;
  const known = hours.get(key);
  hours.set(key, { kind, hour, sums: known === undefined ? sums : added(known.sums, sums) });
}

/** Like `addToHour`. */
export function addToDay({ days }: BatchTotals, when: Omit<DayDelta, 'sums'>, sums: CallSums): void {
  const key = `${when.kind.orgId}\t${when.day}\t${when.spendDay}\t${restOf(when.kind)}`;
  const known = days.get(key);
  days.set(key, { ...when, sums: known === undefined ? sums : added(known.sums, sums) });
}

const restOf = ({ projectId, keyId, model, provider, outcome }: CallKind): string =>
  `${projectId}\t${keyId}\t${model}\t${provider}\t${outcome}`;

/** A new object: most groups have rows to themselves, and both tables share theirs. */
function added(a: CallSums, b: CallSums): CallSums {
  const sum = noSums();
  for (const name of SUMS) sum[name] = a[name] + b[name];
  sum.costNano.add(a.costNano.toString());
  sum.costNano.add(b.costNano.toString());
  for (let i = 0; i < HISTOGRAM_BUCKETS; i += 1) {
    sum.latency[i] = (a.latency[i] as number) + (b.latency[i] as number);
    sum.ttft[i] = (a.ttft[i] as number) + (b.ttft[i] as number);
  }
  return sum;
}

function count(sums: CallSums, fields: string[]): void {
  sums.calls += 1;
  sums.promptTokens += Number(fields[at.prompt_tokens]);
  sums.completionTokens += Number(fields[at.completion_tokens]);
  sums.cachedTokens += Number(fields[at.cached_tokens]);
  sums.reasoningTokens += Number(fields[at.reasoning_tokens]);
  const cost = fields[at.cost_nano_dollars] ?? NULL;
  if (cost !== NULL) sums.costNano.add(cost);
  if (fields[at.price_source] === 'unknown') sums.unpricedCalls += 1;
  const durationMs = Number(fields[at.duration_ms]);
  sums.durationUs += Math.round(durationMs * 1000);
  increment(sums.latency, bucketOf(durationMs));
  const ttft = fields[at.ttft_ms] ?? NULL;
  if (ttft === NULL) return;
  sums.ttftUs += Math.round(Number(ttft) * 1000);
  increment(sums.ttft, bucketOf(Number(ttft)));
}

export const noSums = (): CallSums => ({
  calls: 0,
  unpricedCalls: 0,
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  costNano: new NanoSum(),
  durationUs: 0,
  ttftUs: 0,
  latency: new Array<number>(HISTOGRAM_BUCKETS).fill(0),
  ttft: new Array<number>(HISTOGRAM_BUCKETS).fill(0),
});

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
