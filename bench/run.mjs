/**
 * The bench: OmniGate beside nginx, a bare Node proxy and another gateway, all in one run, in turn, before one upstream.
 * See bench/README.md for what is measured and why it can be trusted.
 *
 *   npm run bench -- [--scenario=a,b] [--peers=a,b] [--rounds=3] [--seconds=2] [--spacing=3] [--json=file] [--no-log-calls]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ask } from './load/http.mjs';
import { startUpstream } from './load/start-upstream.mjs';
import { killAll, planCores, stopAll } from './measure/child.mjs';
import { floor } from './peers/bare-node.mjs';
import { nginx } from './peers/nginx.mjs';
import { embedded, embeddedLimited, withStores, withStoresLimited } from './peers/omnigate.mjs';
import { portkey } from './peers/portkey.mjs';
import { openStores } from './peers/stores.mjs';
import { describeMachine, report } from './report.mjs';
import { runCatalogue } from './scenarios/catalogue.mjs';
import { runIdle } from './scenarios/idle.mjs';
import { runLatency } from './scenarios/latency.mjs';
import { LOADS, runLoad } from './scenarios/load.mjs';
import { runStartup } from './scenarios/startup.mjs';

const PEERS = {
  nginx,
  floor,
  embedded,
  'embedded-limited': embeddedLimited,
  stores: withStores,
  'stores-limited': withStoresLimited,
  portkey,
};
const DEFAULT_PEERS = 'nginx,embedded,stores,portkey';
const SCENARIOS = ['chat-1k', 'chat-32k', 'stream-64', 'added-latency', 'idle-1000', 'startup', 'catalogue'];
const RUN_LIMIT_MS = 15 * 60_000;

function readOptions() {
  const { values } = parseArgs({
    options: {
      scenario: { type: 'string', default: SCENARIOS.join(',') },
      peers: { type: 'string', default: DEFAULT_PEERS },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      spacing: { type: 'string', default: '3' },
      json: { type: 'string' },
      'no-log-calls': { type: 'boolean', default: false },
    },
  });
  const names = (text, known, what) => {
    const list = text.split(',').filter((name) => name !== '');
    const wrong = list.find((name) => !known.includes(name));
    if (wrong !== undefined) throw new Error(`unknown ${what} "${wrong}"; there are: ${known.join(', ')}`);
    return list;
  };
  const between = (name, min, max) => {
    const value = Number(values[name]);
    if (!(value >= min && value <= max)) throw new Error(`--${name} must be from ${min} to ${max}`);
    return value;
  };
  return {
    scenarios: names(values.scenario, SCENARIOS, 'scenario'),
    peers: names(values.peers, Object.keys(PEERS), 'peer'),
    rounds: between('rounds', 1, 50),
    seconds: between('seconds', 1, 60),
    spacing: between('spacing', 0, 1000),
    json: values.json,
    logCalls: !values['no-log-calls'],
  };
}

/** Starts the upstream and the stores, and fills in what peers and scenarios need. */
async function openContext(context) {
  context.cores = planCores();
  context.upstreamPort = await startUpstream(context.cores, context.spacing);
  const wanted = context.options.peers.some((name) => name.startsWith('stores'));
  context.stores = wanted ? await openStores(context.cores) : { absent: 'not asked for', stop: async () => {} };
  context.startPeer = (peer, name) => peer.start({ ...context, directory: join(context.directory, name) });
  context.withPeer = async (peer, name, work) => {
    const running = await context.startPeer(peer, name);
    try {
      return await work(running);
    } finally {
      await running.stop();
    }
  };
}

/** Peers that can run here; the others are named with the reason. */
function presentPeers(context) {
  const asked = context.options.peers.map((name) => PEERS[name]);
  return asked.filter((peer) => {
    const reason = peer.absent(context);
    if (reason !== null) context.absent[peer.name] = reason;
    return reason === null;
  });
}

async function runLoaded(context, peers, names, results) {
  if (names.length === 0) return;
  for (const peer of peers) {
    try {
      context.peers.set(peer.name, await context.startPeer(peer, peer.name));
      context.say(`${peer.label} is up`);
    } catch (error) {
      context.absent[peer.name] = `it did not start: ${error.message}`;
      context.say(`${peer.label}: ${error.message}`);
    }
  }
  for (const name of names) {
    results[name] = await guarded(context, name, () =>
      name === 'added-latency' ? runLatency(context) : runLoad(context, name),
    );
  }
  for (const running of context.peers.values()) await running.stop();
  context.peers.clear();
}

async function guarded(context, name, work) {
  const beganMs = performance.now();
  try {
    return { ...(await work()), seconds: (performance.now() - beganMs) / 1000 };
  } catch (error) {
    context.say(`${name}: ${error.stack}`);
    return { rows: {}, faults: [], failed: error.message };
  }
}

async function runAll(context) {
  const peers = presentPeers(context);
  const results = {};
  const wanted = (name) => context.scenarios.includes(name);
  const loaded = [...Object.keys(LOADS), 'added-latency'].filter(wanted);
  await runLoaded(context, peers, loaded, results);
  const others = { 'idle-1000': runIdle, startup: runStartup, catalogue: runCatalogue };
  for (const [name, run] of Object.entries(others)) {
    if (wanted(name)) results[name] = await guarded(context, name, () => run(context, peers));
  }
  return results;
}

/** Ends the run once, whoever asks first: the last figure, Ctrl-C or the clock. */
class Ending {
  begun = false;

  constructor(context) {
    this.context = context;
    process.once('SIGINT', () => this.interrupt(130, 'Interrupted: stopping what was started …'));
    process.once('SIGTERM', () => this.interrupt(143, 'Stopped: stopping what was started …'));
    const tooLong = `The bench took longer than ${RUN_LIMIT_MS / 60_000} minutes.`;
    setTimeout(() => this.interrupt(124, tooLong), RUN_LIMIT_MS).unref();
  }

  interrupt(code, why) {
    this.context.say(why);
    // What is being measured fails now, and that is no news.
    this.context.say = () => {};
    void this.end(code);
  }

  /** Never resolves: the process is over, 20 s after it was asked to end at the latest. */
  async end(code) {
    if (this.begun) return new Promise(() => {});
    this.begun = true;
    setTimeout(() => {
      killAll();
      process.exit(code);
    }, 20_000).unref();
    await stopAll();
    await this.context.stores?.stop().catch(() => {});
    rmSync(this.context.directory, { recursive: true, force: true });
    process.exit(code);
  }
}

async function measureAll(context) {
  const beganMs = performance.now();
  await openContext(context);
  const results = await runAll(context);
  const stats = await ask(`http://127.0.0.1:${context.upstreamPort}/control/stats`);
  return {
    machine: describeMachine(context),
    options: context.options,
    absent: context.absent,
    results,
    upstream: JSON.parse(stats.text),
    seconds: (performance.now() - beganMs) / 1000,
  };
}

async function main() {
  const options = readOptions();
  const directory = mkdtempSync(join(tmpdir(), 'omnigate-bench-'));
  const context = { ...options, options, directory, peers: new Map(), absent: {} };
  context.say = (text) => process.stderr.write(`${text}\n`);
  const ending = new Ending(context);
  try {
    const outcome = await measureAll(context);
    if (ending.begun) return;
    const { text, wrong } = report(outcome, PEERS);
    process.stdout.write(text);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(outcome, null, 2)}\n`);
    await ending.end(wrong ? 1 : 0);
  } catch (error) {
    context.say(error.stack);
    await ending.end(2);
  }
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
});
