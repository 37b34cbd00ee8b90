/** The figures as tables, and the goals beside what was measured. */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { hasWrk } from './load/wrk.mjs';
import { median, number, ratioOf, spread, table, withRange } from './measure/figures.mjs';
import { version } from './peers/omnigate.mjs';

const OMNIGATE = ['embedded', 'stores'];

export function describeMachine({ cores, stores }) {
  const nginx = spawnSync('/usr/sbin/nginx', ['-v'], { encoding: 'utf8', timeout: 5000 });
  return {
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    cores,
    node: process.version,
    nginx: /nginx\/(\S+)/.exec(nginx.stderr ?? '')?.[1] ?? null,
    omnigate: version(),
    client: hasWrk ? 'wrk' : 'own (wrk is not installed)',
    stores: stores.absent ?? 'PostgreSQL and Redis',
  };
}

export function report(outcome, peers) {
  const context = { ...outcome, label: (name) => peers[name]?.label ?? name };
  const parts = [heading(context), ...Object.keys(outcome.results).map((name) => section(context, name))];
  const faults = Object.entries(outcome.results).flatMap(([name, { faults: found }]) =>
    (found ?? []).map((fault) => `  ${name}: ${fault}`),
  );
  if (outcome.upstream.faults > 0)
    faults.push(`  the upstream saw ${outcome.upstream.faults}: ${outcome.upstream.lastFault}`);
  parts.push(goalsSection(context));
  parts.push(faults.length === 0 ? 'Every answer was checked and right.' : `WRONG ANSWERS\n${faults.join('\n')}`);
  parts.push(`Took ${number(outcome.seconds)} s.`);
  return { text: `\n${parts.join('\n\n')}\n`, wrong: faults.length > 0 };
}

function heading({ machine, options, absent, label }) {
  const { cores } = machine;
  const where = cores.pinned
    ? `peer on core ${cores.peer}, upstream on core ${cores.upstream}, load on core ${cores.load}, stores on core ${cores.stores}`
    : 'not pinned to cores: CPU figures are fair, calls per second are not';
  const lines = [
    `OmniGate ${machine.omnigate} on ${machine.cpu}, Node ${machine.node}, nginx ${machine.nginx ?? 'absent'}, client ${machine.client}`,
    where,
    `${options.rounds} rounds of ${options.seconds} s in turn; median (least–greatest); call log ${options.logCalls ? 'on' : 'off'}`,
  ];
  for (const [name, reason] of Object.entries(absent)) lines.push(`ABSENT: ${label(name)}: ${reason}`);
  return lines.join('\n');
}

function section(context, name) {
  const result = context.results[name];
  const title = `── ${name} ${'─'.repeat(Math.max(3, 60 - name.length))}`;
  if (result.failed !== undefined) return `${title}\nfailed: ${result.failed}`;
  return `${title}\n${TABLES[name](context, result)}`;
}

const figure = (row, metric) => (row[metric]?.length > 0 ? spread(row[metric]) : undefined);

function loadTable(context, { unit, rows }) {
  const unitIs = (name) => unit === name;
  const columns = [
    [`CPU µs/${unit}`, (row) => withRange(figure(row, 'cpuUs'))],
    ['× nginx', (row) => number(ratioOf(row.cpuUs, rows.nginx?.cpuUs))],
    ['under load', (row) => number(median(row.cpuDuringUs ?? []))],
    [unitIs('call') ? 'calls/s core' : 'streams/s core', (row) => withRange(figure(row, 'perCore'))],
    ['× Portkey', (row) => number(ratioOf(row.perCore, rows.portkey?.perCore))],
    [unitIs('call') ? 'calls/s' : 'streams/s', (row) => number(median(row.perSecond ?? []))],
    [unitIs('call') ? 'p50 ms' : 'first p50', (row) => number(median(row.p50Ms ?? []))],
    [unitIs('call') ? 'p99 ms' : 'first p99', (row) => number(median(row.p99Ms ?? []))],
    ['RSS MB', (row) => number(Math.max(...(row.rssMb ?? [])))],
  ];
  if (unitIs('chunk')) columns.push(['reads/chunk', (row) => number(median(row.readsPerChunk ?? []))]);
  const header = ['', ...columns.map(([title]) => title)];
  const lines = Object.entries(rows).map(([name, row]) => [
    context.label(name),
    ...columns.map(([, cell]) => cell(row)),
  ]);
  return [table(header, lines), ...notesOfLoad(context, unit, rows)].join('\n');
}

function notesOfLoad(context, unit, rows) {
  const notes = [];
  for (const [name, row] of Object.entries(rows)) {
    const others = ['postgres', 'redis'].filter((store) => row[`${store}Us`] !== undefined);
    if (others.length > 0) {
      const said = others.map((store) => `${store} ${withRange(figure(row, `${store}Us`))}`).join(', ');
      notes.push(`${context.label(name)} besides, CPU µs/${unit}: ${said}`);
    }
    if (row.redisUs?.every((us) => us < 0.1)) notes.push(`Redis was asked nothing by ${context.label(name)}`);
    const busy = Math.max(...(row.othersPercent ?? [0]));
    if (busy > 15)
      notes.push(`other work used up to ${number(busy)} % of a core in the rounds of ${context.label(name)}`);
    if (row.unsettled?.some((value) => value === 1)) {
      notes.push(`${context.label(name)} was still busy 5 s after a round ended: its CPU is higher than shown`);
    }
  }
  return notes;
}

function latencyTable(context, { rows }) {
  const us = (row, metric) => withRange(figure(row, metric));
  const lines = Object.entries(rows).map(([name, row]) => [
    name === 'direct' ? 'direct' : context.label(name),
    ...['p50Us', 'p99Us', 'addedP50Us', 'addedP99Us'].map((metric) => us(row, metric)),
  ]);
  return table(['', 'p50 µs', 'p99 µs', 'added p50 µs', 'added p99 µs'], lines);
}

function idleTable(context, { rows }) {
  const metrics = ['kbPerStream', 'baseMb', 'rssMb', 'idleCorePercent'];
  const lines = Object.entries(rows).map(([name, row]) => [
    context.label(name),
    ...metrics.map((metric) => withRange(figure(row, metric))),
  ]);
  return table(['', 'KB/stream', 'RSS before MB', 'RSS with 1,000 MB', '% of a core'], lines);
}

function startupTable(context, { rows }) {
  const lines = Object.entries(rows).map(([name, row]) => [
    context.label(name),
    withRange(figure(row, 'firstMs')),
    withRange(figure(row, 'laterMs')),
  ]);
  return table(['', 'first start ms', 'later start ms'], lines);
}

function catalogueTable(context, { rows }) {
  const metrics = ['smallUs', 'largeUs', 'ratio', 'largeReadyMs', 'largeRssMb'];
  const lines = Object.entries(rows).map(([name, row]) => [
    context.label(name),
    ...metrics.map((metric) => withRange(figure(row, metric))),
  ]);
  return table(['', 'µs/call 10+10', 'µs/call 100k+5k', 'ratio', 'ready ms 100k+5k', 'RSS MB 100k+5k'], lines);
}

const TABLES = {
  'chat-1k': loadTable,
  'chat-32k': loadTable,
  'stream-64': loadTable,
  'added-latency': latencyTable,
  'idle-1000': idleTable,
  startup: startupTable,
  catalogue: catalogueTable,
};

/** What OmniGate promises. `measure` answers NaN where the scenario or a peer was not there. */
const GOALS = [
  {
    text: 'chat-1k, embedded: CPU ≤ 4.5 × nginx',
    limit: 4.5,
    measure: (r) => ratio(r, 'chat-1k', 'cpuUs', 'embedded', 'nginx'),
  },
  {
    text: 'chat-1k, PG+Redis: CPU ≤ 6 × nginx',
    limit: 6,
    measure: (r) => ratio(r, 'chat-1k', 'cpuUs', 'stores', 'nginx'),
  },
  ...OMNIGATE.flatMap((name) => [
    {
      text: `stream-64, ${short(name)}: CPU per chunk ≤ 2 × nginx`,
      limit: 2,
      measure: (r) => ratio(r, 'stream-64', 'cpuUs', name, 'nginx'),
    },
    {
      text: `chat-1k, ${short(name)}: calls per core ≥ 8 × Portkey`,
      least: 8,
      measure: (r) => ratio(r, 'chat-1k', 'perCore', name, 'portkey'),
    },
    {
      text: `added latency p50, ${short(name)} ≤ 0.5 ms`,
      limit: 0.5,
      measure: (r) => value(r, 'added-latency', name, 'addedP50Us') / 1000,
    },
    {
      text: `RSS under load, ${short(name)} ≤ ${name === 'stores' ? 220 : 450} MB`,
      limit: name === 'stores' ? 220 : 450,
      measure: (r) => highestRss(r, name),
    },
    {
      text: `idle stream, ${short(name)} ≤ 100 KB`,
      limit: 100,
      measure: (r) => value(r, 'idle-1000', name, 'kbPerStream'),
    },
    {
      text: `first start to ready, ${short(name)} ≤ 3 s`,
      limit: 3,
      measure: (r) => value(r, 'startup', name, 'firstMs') / 1000,
    },
    {
      text: `later start to ready, ${short(name)} ≤ 1.5 s`,
      limit: 1.5,
      measure: (r) => value(r, 'startup', name, 'laterMs') / 1000,
    },
    {
      text: `100k keys + 5k models, ${short(name)}: CPU ≤ 1.10 × 10 + 10`,
      limit: 1.1,
      measure: (r) => value(r, 'catalogue', name, 'ratio'),
    },
  ]),
];

function short(name) {
  return name === 'stores' ? 'PG+Redis' : 'embedded';
}

function value(results, scenario, peer, metric) {
  return median(results[scenario]?.rows[peer]?.[metric] ?? []);
}

function ratio(results, scenario, metric, peer, base) {
  const rows = results[scenario]?.rows;
  return ratioOf(rows?.[peer]?.[metric], rows?.[base]?.[metric]);
}

function highestRss(results, peer) {
  const samples = ['chat-1k', 'chat-32k', 'stream-64'].flatMap((name) => results[name]?.rows[peer]?.rssMb ?? []);
  return samples.length === 0 ? Number.NaN : Math.max(...samples);
}

function goalsSection({ results }) {
  const lines = GOALS.map(({ text, limit, least, measure }) => {
    const measured = measure(results);
    const met = limit === undefined ? measured >= least : measured <= limit;
    return [`${Number.isNaN(measured) ? '·' : met ? '✓' : '✗'} ${text}`, number(measured)];
  });
  return `── goals ${'─'.repeat(55)}\n${table(['', 'measured'], lines)}\n· not measured in this run`;
}
