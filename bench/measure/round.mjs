/** One round of load on one peer, with what it cost the peer. */
import { cpuUs, untilQuiet, watchMemory, watchOthers } from './processes.mjs';

const TAIL_LIMIT_MS = 5000;

/**
 * Runs `load` and answers its result with the CPU time of every account of the peer. The bill is taken twice: when the load ends
 * (`during`) and when the peer has become quiet (`total`), for what it put off until later is part of the price.
 */
export async function measureRound(peer, load) {
  const names = Object.keys(peer.accounts);
  const bill = () => names.map((name) => cpuUs(peer.accounts[name]));
  const pids = names.flatMap((name) => peer.accounts[name]);
  const memory = watchMemory(peer.accounts.gateway);
  const others = watchOthers(pids);
  const before = bill();
  try {
    const result = await load();
    const during = bill();
    const othersPercent = others.stop();
    const quiet = await untilQuiet(pids, TAIL_LIMIT_MS);
    const total = bill();
    const cpu = {};
    for (const [index, name] of names.entries()) {
      cpu[name] = { during: during[index] - before[index], total: total[index] - before[index] };
    }
    return { result, cpu, quiet, rssMb: memory.stop(), othersPercent };
  } finally {
    memory.stop();
  }
}
