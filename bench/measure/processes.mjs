/** CPU time and memory of process trees, read from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Linux reports CPU time in ticks of 1/100 s whatever the kernel's own clock is (USER_HZ). */
const US_PER_TICK = 10_000;

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command may hold spaces and parentheses: fields are counted from the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) };
  } catch {
    return null;
  }
}

/** The process and everything it started that still lives. */
export function treeOf(rootPid) {
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = statOf(name)?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [rootPid];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/**
 * CPU time in µs of whole process trees: user and system time of all threads, and of children that have ended and were waited
 * for (their time has moved to the parent's account, so the sum never falls).
 */
export function cpuUs(rootPids) {
  const pids = new Set(rootPids.flatMap(treeOf));
  return [...pids].reduce((sum, pid) => sum + (statOf(pid)?.ticks ?? 0), 0) * US_PER_TICK;
}

/** CPU time in µs of the first thread of a process, which in Node runs the JavaScript. */
export const mainThreadCpuUs = (pid) => (statOf(`${pid}/task/${pid}`)?.ticks ?? 0) * US_PER_TICK;

/** Resident memory of whole process trees in MB: now (`rss`) and at its highest since each process began (`peak`). */
export function memoryMb(rootPids) {
  const memory = { rss: 0, peak: 0 };
  for (const pid of new Set(rootPids.flatMap(treeOf))) {
    const status = readStatus(pid);
    memory.rss += kilobytes(status, 'VmRSS') / 1024;
    memory.peak += kilobytes(status, 'VmHWM') / 1024;
  }
  return memory;
}

function readStatus(pid) {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

const kilobytes = (status, field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);

/** Samples resident memory every 200 ms until stopped. `stop()` answers the highest sample in MB. */
export function watchMemory(rootPids) {
  let highest = memoryMb(rootPids).rss;
  const sample = () => (highest = Math.max(highest, memoryMb(rootPids).rss));
  const timer = setInterval(sample, 200);
  return {
    stop() {
      clearInterval(timer);
      return sample();
    },
  };
}

/**
 * Waits until the trees use less than 4 % of a core over 250 ms, because a gateway that answers first and writes its records
 * later has not finished its work when the load ends. Bounded; answers whether it became quiet.
 */
export async function untilQuiet(rootPids, limitMs) {
  const stepMs = 250;
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += stepMs) {
    const beforeUs = cpuUs(rootPids);
    await delay(stepMs);
    if (cpuUs(rootPids) - beforeUs <= US_PER_TICK) return true;
  }
  return false;
}

/** CPU time of the whole machine in µs that was not idle, with what a hypervisor took away. */
function machineBusyUs() {
  const fields = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0].trim().split(/\s+/).slice(1, 9).map(Number);
  const [user, nice, system, , , irq, softIrq, stolen] = fields;
  return (user + nice + system + irq + softIrq + stolen) * US_PER_TICK;
}

/**
 * How much of one core processes that are not the bench's used between the call and `stop()`, in percent. Other work on the
 * same cores and caches makes every figure worse, so it is named.
 */
export function watchOthers(ownPids) {
  const own = () => cpuUs([process.pid, ...ownPids]);
  const [busy, ours, beganMs] = [machineBusyUs(), own(), performance.now()];
  return {
    stop: () => Math.max(0, (machineBusyUs() - busy - (own() - ours)) / ((performance.now() - beganMs) * 10)),
  };
}
