import { InProcessCounterStore } from '../../src/counters/in-process-counter.store.js';
import { describeCounterStore } from './counter-store.contract.js';

describeCounterStore(
  'of one process',
  () => {
    let now = 1_760_000_000_000;
    const clock = { monotonicMs: () => now, wallMs: () => now };
    return { store: new InProcessCounterStore({ clock }), now: () => now, advance: (ms) => (now += ms) };
  },
  500,
);
