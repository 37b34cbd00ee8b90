/**
 * Where the time of a call goes: starts one gateway with V8's CPU profiler, loads it as the bench does, and prints the functions
 * and packages that took the time of the load (neither start nor warm-up are in it).
 *
 *   node bench/profile.mjs [--load=chat-1k|chat-32k|stream-64] [--peer=embedded|embedded-limited|stores|stores-limited|floor]
 *                          [--seconds=5] [--top=40] [--keep=file.cpuprofile] [--no-log-calls]
 */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startUpstream } from './load/start-upstream.mjs';
import { faultOf } from './load/wrk.mjs';
import { planCores, stopAll } from './measure/child.mjs';
import { number, table } from './measure/figures.mjs';
import { readProfile } from './measure/profile.mjs';
import { mainThreadCpuUs } from './measure/processes.mjs';
import { measureRound } from './measure/round.mjs';
import { floor } from './peers/bare-node.mjs';
import { embedded, embeddedLimited, withStores, withStoresLimited } from './peers/omnigate.mjs';
import { openStores } from './peers/stores.mjs';
import { LOADS } from './scenarios/load.mjs';

const PEERS = {
  embedded,
  'embedded-limited': embeddedLimited,
  stores: withStores,
  'stores-limited': withStoresLimited,
  floor,
};
const WARM_UP_SECONDS = 3;
const { values: options } = parseArgs({
  options: {
    load: { type: 'string', default: 'chat-1k' },
    peer: { type: 'string', default: 'embedded' },
    seconds: { type: 'string', default: '5' },
    spacing: { type: 'string', default: '3' },
    top: { type: 'string', default: '40' },
    keep: { type: 'string' },
    'no-log-calls': { type: 'boolean', default: false },
  },
});

async function main() {
  const peer = PEERS[options.peer];
  const scenario = LOADS[options.load];
  if (peer === undefined || scenario === undefined) throw new Error('unknown --peer or --load');
  const directory = mkdtempSync(join(tmpdir(), 'omnigate-profile-'));
  const cores = planCores();
  const stores = options.peer.startsWith('stores') ? await openStores(cores) : { absent: null, stop: async () => {} };
  try {
    const upstreamPort = await startUpstream(cores, Number(options.spacing));
    const context = { directory, cores, stores, upstreamPort, logCalls: !options['no-log-calls'] };
    const absent = peer.absent(context);
    if (absent !== null) throw new Error(absent);
    context.nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${directory}`, '--cpu-prof-interval=200'];
    await profile(await peer.start({ ...context, directory: join(directory, 'peer') }), scenario, context);
  } finally {
    await stopAll();
    await stores.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function profile(running, scenario, context) {
  const load = scenario.prepare(context, running);
  await measureRound(running, () => load(WARM_UP_SECONDS));
  const nowUs = () => Number(process.hrtime.bigint() / 1000n);
  const fromUs = nowUs();
  const [pid] = running.accounts.gateway;
  const mainBefore = mainThreadCpuUs(pid);
  const { result, cpu } = await measureRound(running, () => load(Number(options.seconds)));
  const toUs = nowUs();
  const mainUs = mainThreadCpuUs(pid) - mainBefore;
  await running.stop();
  const fault = faultOf(result);
  if (fault !== null) throw new Error(fault);
  const units = scenario.units(result);
  process.stdout.write(
    `${units} ${scenario.unit}s; CPU with the profiler on, µs per ${scenario.unit}: ` +
      `process ${number(cpu.gateway.total / units)}, main thread ${number(mainUs / units)}\n`,
  );
  for (const { file, thread } of profilesIn(context.directory)) {
    const read = readProfile(JSON.parse(readFileSync(file, 'utf8')), { fromUs, toUs });
    print(read, { thread, unit: scenario.unit, units, cpuUs: thread === 0 ? mainUs : null });
    if (thread === 0 && options.keep !== undefined) copyFileSync(file, options.keep);
  }
}

/** One file a thread: CPU.<date>.<time>.<process>.<thread>.<number>.cpuprofile */
function profilesIn(directory) {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => ({ file: join(directory, name), thread: Number(name.split('.').at(-3)) }))
    .sort((a, b) => a.thread - b.thread);
}

/**
 * Samples are taken by the wall clock, and a thread that waits for its core looks busy in them: shares are taken from the
 * samples, and the time they are shares of from the kernel's account of the thread.
 */
function print({ groups, functions, inclusive }, { thread, unit, units, cpuUs }) {
  const busy = groups.reduce((sum, [name, us]) => (name === '(idle)' ? sum : sum + us), 0);
  const percent = (us) => number((100 * us) / busy);
  const each = (us) => number((us * ((cpuUs ?? busy) / busy)) / units);
  const top = Number(options.top);
  const name = thread === 0 ? 'main thread' : `thread ${thread}`;
  const unitHead = `µs/${unit}`;
  const write = (title, head, rows) => process.stdout.write(`\n── ${name}: ${title}\n${table(head, rows)}\n`);
  const groupRows = groups.filter(([group]) => group !== '(idle)').slice(0, 30);
  write(
    'by package, self time',
    ['package', '%', unitHead],
    groupRows.map(([group, us]) => [group, percent(us), each(us)]),
  );
  if (thread !== 0) return;
  const line = ([label, us]) => {
    const [functionName, group, place] = label.split('\t');
    return [`${functionName.slice(0, 44)}  ${place === '' ? group : place}`, percent(us), each(us)];
  };
  const code = functions.filter(([label]) => !label.startsWith('(idle)'));
  write('by function, self time', ['function', '%', unitHead], code.slice(0, top).map(line));
  write('our functions with all they call', ['function', '%', unitHead], inclusive.slice(0, top).map(line));
}

process.once('SIGINT', () => void stopAll().then(() => process.exit(130)));
main().then(
  () => process.exit(0),
  async (error) => {
    process.stderr.write(`${error.message}\n`);
    await stopAll();
    process.exit(1);
  },
);
