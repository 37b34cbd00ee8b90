import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Child } from '../measure/child.mjs';

const UPSTREAM = fileURLToPath(new URL('upstream.mjs', import.meta.url));

/** Starts the scripted upstream on a free port and answers that port. `spacing`: ms between two chunks of a stream. */
export async function startUpstream(cores, spacing) {
  const child = Child.start(process.execPath, [UPSTREAM, '--port=0', `--spacing=${spacing}`], {
    core: cores.upstream,
    pipe: true,
  });
  for await (const line of createInterface({ input: child.process.stdout })) return JSON.parse(line).port;
  throw new Error('the upstream did not start');
}
