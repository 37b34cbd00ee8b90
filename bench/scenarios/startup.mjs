/** startup: from the start of the process to the first "ready", with nothing there and with what an earlier start left. */
import { launch } from '../peers/omnigate.mjs';

export async function runStartup(context, peers) {
  const rows = {};
  for (const peer of peers) rows[peer.name] = { firstMs: [], laterMs: [] };
  for (let round = 1; round <= context.rounds; round++) {
    for (const peer of peers) {
      try {
        await startTwice(context, peer, rows[peer.name], round);
      } catch (error) {
        context.say(`startup ${peer.name}: ${error.message}`);
      }
    }
    context.say(`startup ${round}/${context.rounds}: ${peers.map(({ name }) => said(name, rows[name])).join(', ')}`);
  }
  return { rows, faults: [] };
}

const said = (name, { firstMs, laterMs }) =>
  [
    name,
    ...[firstMs, laterMs].filter((times) => times.length > 0).map((times) => `${Math.round(times.at(-1))} ms`),
  ].join(' ');

async function startTwice(context, peer, row, round) {
  // On all cores, as a user starts it.
  const free = {
    ...context,
    cores: { ...context.cores, peer: null },
    directory: `${context.directory}/start-${peer.name}-${round}`,
  };
  if (!['embedded', 'stores'].includes(peer.name)) {
    const running = await peer.start(free);
    row.firstMs.push(running.readyMs);
    return running.stop();
  }
  const environment = await storesOf(context, peer);
  for (const times of [row.firstMs, row.laterMs]) {
    const { child, readyMs } = await launch(free, environment);
    times.push(readyMs);
    await child.stop();
  }
}

async function storesOf(context, peer) {
  if (peer.name === 'embedded') return {};
  const { url } = await context.stores.newDatabase();
  return { DATABASE_URL: url, REDIS_URL: context.stores.redisUrl };
}
