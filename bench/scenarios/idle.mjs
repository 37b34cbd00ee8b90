/** idle-1000: what a stream costs that is open and says nothing. Each peer starts afresh, so that no older heap hides the growth. */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask } from '../load/http.mjs';
import { faultOf, loadWhole, writePlan } from '../load/wrk.mjs';
import { Child } from '../measure/child.mjs';
import { cpuUs, memoryMb, untilQuiet } from '../measure/processes.mjs';
import { loadStreams } from './load.mjs';

const CLIENT = fileURLToPath(new URL('../load/idle-client.mjs', import.meta.url));
const STREAMS = 1000;
const HOLD_MS = 4000;
const OPEN_LIMIT_MS = 30_000;

export async function runIdle(context, peers) {
  const rows = {};
  const faults = [];
  for (const peer of peers) {
    try {
      const { row, fault } = await context.withPeer(peer, `idle-${peer.name}`, (running) =>
        holdStreams(context, running),
      );
      rows[peer.name] = row;
      if (fault !== null) faults.push(`${peer.name}: ${fault}`);
      context.say(`idle-1000 ${peer.name}: ${row.kbPerStream?.[0].toFixed(0)} KB per stream`);
    } catch (error) {
      context.say(`idle-1000 ${peer.name}: ${error.message}`);
      rows[peer.name] = {};
    }
  }
  return { rows, faults };
}

async function holdStreams(context, peer) {
  const gateway = peer.accounts.gateway;
  const core = context.cores.load;
  // Warm first: compiled code and pools of the first calls are not the price of an idle stream.
  const plan = writePlan(context.directory, peer.target('whole'), 1024);
  await loadWhole({ port: peer.port, plan, connections: 32, seconds: 1, core });
  await loadStreams(context, peer, { connections: 64, seconds: 1 });
  await untilQuiet(gateway, 5000);
  const before = memoryMb(gateway);
  const client = Child.start(
    process.execPath,
    [CLIENT, JSON.stringify({ port: peer.port, target: peer.target('idle'), count: STREAMS })],
    { core, pipe: true },
  );
  const messages = createInterface({ input: client.process.stdout })[Symbol.asyncIterator]();
  try {
    const opened = await nextMessage(messages, OPEN_LIMIT_MS);
    if (opened.open !== STREAMS) return { row: {}, fault: opened.result?.fault ?? 'not all streams began' };
    await delay(HOLD_MS / 2);
    const cpuBefore = cpuUs(gateway);
    await delay(HOLD_MS / 2);
    const cpuPerSecond = (cpuUs(gateway) - cpuBefore) / (HOLD_MS / 2000);
    const held = memoryMb(gateway);
    await ask(`http://127.0.0.1:${context.upstreamPort}/control/release`);
    const { result } = await nextMessage(messages, 15_000);
    const row = {
      kbPerStream: [((held.rss - before.rss) * 1024) / STREAMS],
      baseMb: [before.rss],
      rssMb: [held.rss],
      idleCorePercent: [cpuPerSecond / 10_000],
    };
    return { row, fault: faultOf(result) };
  } finally {
    await client.stop();
  }
}

async function nextMessage(messages, limitMs) {
  const late = delay(limitMs, { done: true }, { ref: false });
  const { value, done } = await Promise.race([messages.next(), late]);
  if (done) throw new Error(`the streams did not come or end within ${limitMs} ms`);
  return JSON.parse(value);
}
