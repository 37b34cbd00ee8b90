/**
 * Preloaded into a process, steps its wall clock: by the milliseconds that stand in the file TEST_CLOCK_FILE, looked at fifty times
 * a second. The monotonic clock goes on as it is, as when an operator or NTP sets the time.
 */
import { readFileSync } from 'node:fs';

const RealDate = Date;
let stepMs = 0;

function look() {
  try {
    stepMs = Number(readFileSync(process.env.TEST_CLOCK_FILE, 'utf8')) || 0;
  } catch {
    // It is being written.
  }
}

look();
setInterval(look, 20).unref();

const now = () => RealDate.now() + stepMs;
globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
