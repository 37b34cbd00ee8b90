/**
 * catalogue: does a call cost more when there are many keys and models? Two gateways of a kind side by side, one with 10 keys and
 * 10 models, one with 100,000 and 5,000; the calls go round over as many of them as there are, up to 1,000 of each.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { ask } from '../load/http.mjs';
import { faultOf, loadWhole, writePlan } from '../load/wrk.mjs';
import { Child, untilReady } from '../measure/child.mjs';
import { measureRound } from '../measure/round.mjs';
import { launch } from '../peers/omnigate.mjs';
import { catalogueSql, keyAt, modelAt } from './catalogue-rows.mjs';
import { figuresOf } from './load.mjs';

const SIZES = { small: { keys: 10, models: 10 }, large: { keys: 100_000, models: 5000 } };
const MAX_SPREAD = 1000;
const CONNECTIONS = 64;
const WARM_UP_SECONDS = 8;
const EMBEDDED_LOADER = fileURLToPath(new URL('catalogue-embedded.mjs', import.meta.url));

export async function runCatalogue(context, peers) {
  const rows = {};
  const faults = [];
  for (const peer of peers.filter(({ name }) => ['embedded', 'stores'].includes(name))) {
    try {
      const { row, faults: found } = await compareSizes(context, peer);
      rows[peer.name] = row;
      faults.push(...found);
    } catch (error) {
      context.say(`catalogue ${peer.name}: ${error.message}`);
      rows[peer.name] = {};
    }
  }
  return { rows, faults };
}

async function compareSizes(context, peer) {
  const running = {};
  try {
    for (const [size, counts] of Object.entries(SIZES)) {
      running[size] = await startFilled(context, peer, size, counts);
      context.say(`catalogue ${peer.name}: ${counts.keys} keys and ${counts.models} models are in`);
    }
    return await compare(context, peer, running);
  } finally {
    for (const one of Object.values(running)) await one.stop();
  }
}

async function compare(context, peer, running) {
  const row = { smallUs: [], largeUs: [], ratio: [], largeReadyMs: [running.large.readyMs], largeRssMb: [] };
  const faults = [];
  const load = (one, seconds) =>
    loadWhole({ port: one.port, plan: one.plan, connections: CONNECTIONS, seconds, core: context.cores.load });
  const check = (size, result) => {
    const fault = faultOf(result);
    if (fault !== null) faults.push(`${peer.name} (${size}): ${fault}`);
  };
  for (const [size, one] of Object.entries(running)) {
    check(size, (await measureRound(one, () => load(one, WARM_UP_SECONDS))).result);
  }
  for (let round = 1; round <= context.rounds && faults.length === 0; round++) {
    for (const [size, one] of Object.entries(running)) {
      const measured = await measureRound(one, () => load(one, context.seconds));
      check(size, measured.result);
      const { cpuUs, rssMb } = figuresOf(measured, measured.result.calls);
      row[`${size}Us`].push(cpuUs);
      if (size === 'large') row.largeRssMb.push(rssMb);
      context.say(`catalogue ${round}/${context.rounds} ${peer.name} ${size}: ${cpuUs.toFixed(1)} µs per call`);
    }
    row.ratio.push(row.largeUs.at(-1) / row.smallUs.at(-1));
  }
  return { row, faults };
}

/** A first start makes the tables; the rows are written while nothing runs, then the gateway starts as it would after that. */
async function startFilled(context, peer, size, counts) {
  const options = { ...context, directory: join(context.directory, `catalogue-${peer.name}-${size}`) };
  const database = peer.name === 'stores' ? await context.stores.newDatabase() : null;
  const environment = database === null ? {} : { DATABASE_URL: database.url, REDIS_URL: context.stores.redisUrl };
  const first = await launch(options, environment);
  await first.child.stop();
  const sql = catalogueSql({ ...counts, upstream: `http://127.0.0.1:${context.upstreamPort}` });
  if (database === null) await writeEmbedded(options.directory, sql);
  else await writeStatements(database.url, sql);
  const { child, port, readyMs } = await launch(options, environment);
  const spread = Math.min(MAX_SPREAD, counts.keys, counts.models);
  const calls = Array.from({ length: spread }, (_none, index) => {
    const model = modelAt(Math.floor((index * counts.models) / spread) + 1);
    return { key: keyAt(Math.floor((index * counts.keys) / spread) + 1), model, expectedModel: model };
  });
  await untilServed(child, port, calls.at(-1));
  const plan = writePlan(context.directory, { path: '/v1/chat/completions', headers: {}, calls }, 1024);
  return { port, plan, readyMs, accounts: { gateway: [child.pid] }, stop: () => child.stop() };
}

async function writeStatements(url, sql) {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function writeEmbedded(directory, sql) {
  const child = Child.start(process.execPath, [EMBEDDED_LOADER, join(directory, 'data'), sql], {
    logFile: join(directory, 'loader.log'),
  });
  const { code } = await child.ended;
  if (code !== 0) throw new Error(`the rows could not be written: ${child.lastWords()}`);
}

async function untilServed(child, port, { key }) {
  const url = `http://127.0.0.1:${port}/v1/models`;
  const served = async () => (await ask(url, { headers: { authorization: `Bearer ${key}` } })).status === 200;
  await untilReady(child, served, { sinceMs: performance.now(), limitMs: 10_000, everyMs: 50, what: 'the catalogue' });
}
