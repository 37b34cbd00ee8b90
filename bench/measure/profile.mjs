/** Reads a V8 CPU profile: where the time of a window went, by function and by package. */

/** `fromUs`, `toUs`: the window on the monotonic clock, which is V8's own. */
export function readProfile(profile, { fromUs, toUs }) {
  const self = selfTimes(profile, fromUs, toUs);
  const functions = new Map();
  const groups = new Map();
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  for (const [id, us] of self) {
    const frame = byId.get(id).callFrame;
    const group = groupOf(frame);
    add(groups, group, us);
    add(functions, `${nameOf(frame)}\t${group}\t${placeOf(frame)}`, us);
  }
  return {
    groups: sorted(groups),
    functions: sorted(functions),
    inclusive: sorted(inclusiveTimes(profile, self, byId)),
  };
}

function selfTimes(profile, fromUs, toUs) {
  const self = new Map();
  let atUs = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    atUs += profile.timeDeltas[index];
    // The time until the next sample belongs to what this sample saw.
    if (atUs >= fromUs && atUs <= toUs) add(self, id, Math.max(0, profile.timeDeltas[index + 1] ?? 0));
  }
  return self;
}

/** Time of each of our functions with all it called; recursion counts once. */
function inclusiveTimes(profile, self, byId) {
  const inclusive = new Map();
  const walk = (node, above) => {
    const frame = node.callFrame;
    const group = groupOf(frame);
    const label = group.startsWith('ours') ? `${nameOf(frame)}\t${group}\t${placeOf(frame)}` : null;
    const fresh = label !== null && !above.has(label);
    if (fresh) above.add(label);
    let us = self.get(node.id) ?? 0;
    for (const child of node.children ?? []) us += walk(byId.get(child), above);
    if (fresh) {
      above.delete(label);
      add(inclusive, label, us);
    }
    return us;
  };
  walk(profile.nodes[0], new Set());
  return inclusive;
}

const add = (map, key, us) => map.set(key, (map.get(key) ?? 0) + us);
const sorted = (map) => [...map].filter(([, us]) => us > 0).sort((a, b) => b[1] - a[1]);
const nameOf = ({ functionName }) => functionName || '(anonymous)';

/** `(idle)`, `(garbage collector)` and `(program)` (native code of the process, system calls among it) stand for themselves. */
function groupOf({ url, functionName }) {
  if (url === '') return functionName.startsWith('(') ? functionName : 'native';
  const inPackage = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (inPackage !== undefined) return inPackage;
  if (url.startsWith('node:'))
    return url
      .split('/')
      .slice(0, url.startsWith('node:internal') ? 2 : 1)
      .join('/');
  const ours = /\/(?:dist\/)?((?:src|libs)\/[^/]+)\//.exec(url)?.[1];
  return ours === undefined ? 'other' : `ours ${ours}`;
}

function placeOf({ url, lineNumber }) {
  if (url === '') return '';
  return `${url.replace(/^.*\/(?:node_modules|dist|bench)\//, '')}:${lineNumber + 1}`;
}
