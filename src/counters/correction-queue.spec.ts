import type { ScriptCall } from '../infra/redis/script-pipeline.js';
import { ScriptNotSent, ScriptTimeout } from '../infra/redis/script-pipeline.js';
import type { Claim } from './claim.js';
import { CorrectionQueue } from './correction-queue.js';
import { SharedHold } from './shared-hold.js';

const claim: Claim = {
  counter: 'og:{acme}:test:key:spend',
  amount: 9,
  limit: 100,
  window: { kind: 'calendar', bucket: 'day', expiresAtMs: 0 },
  onExpiry: 'charge',
  onUnavailable: 'open',
};
const aHold = (id: string): SharedHold => new SharedHold(id, [claim], 60_000, 'og:{acme}');

describe('corrections on their way to Redis', () => {
  let sent: ScriptCall[];
  let now: number;
  let answer: () => Promise<unknown>;
  let queue: CorrectionQueue;
  const restore = (call: ScriptCall | undefined): unknown => call?.args[6];

  beforeEach(() => {
    sent = [];
    now = 0;
    answer = () => Promise.resolve(1);
    queue = new CorrectionQueue({
      ready: () => true,
      send: (call) => {
        sent.push(call);
        return answer();
      },
      monotonicMs: () => now,
      nowMs: () => '',
    });
  });

  afterEach(() => queue.close());

  it('send only the newest of each hold', async () => {
    const hold = aHold('a');
    for (const amount of [1, 2, 3]) {
      hold.state([amount]);
      queue.push(hold, false);
    }
    queue.push(hold, true);
    await queue.flush();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.args).toEqual(['settle', '', 'a', 60_000, 120_000, 1, 1, 'c', '3', 0, '', 'c']);
  });

  it('are sent again after an outage, but not as new ones when Redis may have forgotten the first', async () => {
    answer = () => Promise.reject(new ScriptTimeout(75));
    queue.push(aHold('a'), true);
    await queue.flush();
    now = 59_000;
    await queue.flush();
    now = 61_000;
    answer = () => Promise.resolve(1);
    await queue.flush();
    expect(sent.map(restore)).toEqual([1, 1, 0]);
    expect(queue.size).toBe(0);
  });

  it('count as never sent as long as there is no connection', async () => {
    answer = () => Promise.reject(new ScriptNotSent());
    queue.push(aHold('a'), true);
    await queue.flush();
    now = 3_000_000;
    await queue.flush();
    expect(sent.map(restore)).toEqual([1, 1]);
  });

  it('are given up when Redis refuses them as such, so that one cannot block the others', async () => {
    answer = () => Promise.reject(Object.assign(new Error('WRONGTYPE no'), { name: 'ReplyError' }));
    queue.push(aHold('a'), true);
    await queue.flush();
    expect([queue.size, queue.lost]).toEqual([0, 1]);
  });

  it('wait in a bounded number; the oldest give way', () => {
    answer = () => Promise.reject(new ScriptNotSent());
    for (let i = 0; i < 100_005; i += 1) queue.push(aHold(`${i}`), true);
    expect([queue.size, queue.lost]).toEqual([100_000, 5]);
    queue.close();
  });
});
