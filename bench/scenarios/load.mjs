/** Scenarios that load running peers in turn, round after round: A B C D A B C D … */
import { fileURLToPath } from 'node:url';
import { faultOf, loadWhole, outputOf, writePlan } from '../load/wrk.mjs';
import { Child } from '../measure/child.mjs';
import { measureRound } from '../measure/round.mjs';

const STREAM_CLIENT = fileURLToPath(new URL('../load/stream-client.mjs', import.meta.url));
const WHOLE_CONNECTIONS = 64;
const STREAM_CONNECTIONS = 48;
/** Compiles the hot paths before anything is measured. */
// Code is still being compiled for many seconds; what is measured is what a gateway that has been up for a while costs.
const WARM_UP_SECONDS = 6;

const whole = (bytes) => ({
  unit: 'call',
  prepare(context, peer) {
    const plan = writePlan(context.directory, peer.target('whole'), bytes);
    return (seconds) =>
      loadWhole({ port: peer.port, plan, connections: WHOLE_CONNECTIONS, seconds, core: context.cores.load });
  },
  units: (result) => result.calls,
});

const stream = {
  unit: 'chunk',
  prepare(context, peer) {
    return (seconds) => loadStreams(context, peer, { connections: STREAM_CONNECTIONS, seconds });
  },
  units: (result) => result.chunks,
};

export const LOADS = { 'chat-1k': whole(1024), 'chat-32k': whole(32 * 1024), 'stream-64': stream };

export async function loadStreams(context, peer, { connections, seconds }) {
  const plan = { port: peer.port, target: peer.target('stream'), connections, seconds };
  const child = Child.start(process.execPath, [STREAM_CLIENT, JSON.stringify(plan)], {
    core: context.cores.load,
    pipe: true,
  });
  const line = /^RESULT (\{.*\})$/m.exec(await outputOf(child, seconds * 1000 + 30_000))?.[1];
  if (line === undefined) throw new Error('the stream client gave no result');
  return JSON.parse(line);
}

/** Answers `{unit, rows: {peer: {metric: values of the rounds}}, faults}`. A peer with a wrong answer is measured no further. */
export async function runLoad(context, name) {
  const scenario = LOADS[name];
  const rows = {};
  const faults = [];
  const loads = new Map();
  for (const [peerName, peer] of context.peers) {
    const load = scenario.prepare(context, peer);
    const fault = faultOf(await load(WARM_UP_SECONDS));
    if (fault !== null) faults.push(`${peerName}: ${fault}`);
    else loads.set(peerName, load);
    rows[peerName] = {};
    await measureRound(peer, async () => {});
  }
  for (let round = 1; round <= context.rounds; round++) {
    for (const [peerName, load] of loads) {
      const measured = await measureRound(context.peers.get(peerName), () => load(context.seconds));
      const fault = faultOf(measured.result);
      if (fault !== null) {
        faults.push(`${peerName}: ${fault}`);
        loads.delete(peerName);
        continue;
      }
      const figures = figuresOf(measured, scenario.units(measured.result));
      for (const [metric, value] of Object.entries(figures)) (rows[peerName][metric] ??= []).push(value);
      context.say(
        `${name} ${round}/${context.rounds} ${peerName}: ${figures.cpuUs.toFixed(1)} µs per ${scenario.unit}`,
      );
    }
  }
  return { unit: scenario.unit, rows, faults };
}

export function figuresOf({ result, cpu, quiet, rssMb, othersPercent }, units) {
  const figures = {
    cpuUs: cpu.gateway.total / units,
    cpuDuringUs: cpu.gateway.during / units,
    perCore: (result.calls * 1e6) / cpu.gateway.total,
    perSecond: result.calls / result.seconds,
    p50Ms: result.p50Us / 1000,
    p99Ms: result.p99Us / 1000,
    rssMb,
    othersPercent,
    unsettled: quiet ? 0 : 1,
  };
  if (result.reads !== undefined) figures.readsPerChunk = result.reads / result.chunks;
  for (const [account, { total }] of Object.entries(cpu)) {
    if (account !== 'gateway') figures[`${account}Us`] = total / units;
  }
  return figures;
}
