import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallRecord } from '../../src/ledger/call-record.js';
import { describeEachHome } from '../support/gateway-home.js';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import {
  ANSWER,
  answerJson,
  ScriptedUpstream,
  STREAM,
  streamTo,
  type ReceivedCall,
} from '../support/scripted-upstream.js';
import { allRecords, countById } from '../support/usage-records.js';

const CALLERS = 50;

/** What an upstream can do; each call names its own in its request id, so that a failure tells the reader what was going on. */
const BEHAVIOURS: Record<string, (call: ReceivedCall, response: ServerResponse) => void | Promise<void>> = {
  quick: (call, response) => answer(call, response, 0),
  slow: (call, response) => answer(call, response, 40),
  refuses: (_call, response) => answerJson(response, 400, { error: { message: 'no', type: 'invalid_request_error' } }),
  fails: (_call, response) => answerJson(response, 500, { error: { message: 'out of order' } }),
  breaks: (call, response) =>
    call.body['stream'] === true ? streamTo(response, STREAM, { cutAfter: 3 }) : void response.destroy(),
  hangs: (call, response) => (call.body['stream'] === true ? streamTo(response, STREAM, { stallAfter: 2 }) : undefined),
};
const NAMES = Object.keys(BEHAVIOURS);

async function answer(call: ReceivedCall, response: ServerResponse, delayMs: number): Promise<void> {
  if (call.body['stream'] === true) return streamTo(response, STREAM, delayMs === 0 ? {} : { delayMs });
  if (delayMs > 0) await sleep(4 * delayMs);
  answerJson(response, 200, ANSWER);
}

/** Calls without pause until the gateway is gone, and remembers what came of each call. */
class Callers {
  /** Request ids of calls whose answer was read to its end, with the status. */
  readonly finished = new Map<string, number>();
  private calls = 0;
  private going = true;

  constructor(
    private readonly gateway: GatewayProcess,
    private readonly key: string,
    private readonly round: number,
  ) {}

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CALLERS }, () => this.callOnAndOn()));
  }

  stop(): void {
    this.going = false;
  }

  private async callOnAndOn(): Promise<void> {
    while (this.going) {
      const number = (this.calls += 1);
      const name = NAMES[number % NAMES.length] ?? '';
      const leavesEarly = number % 11 === 0 || name === 'hangs';
      const id = `round${this.round}-${number}-${name}`;
      const stream = (number >> 1) % 2 === 0;
      try {
        const response = await this.gateway.chat(
          this.key,
          { ...QUESTION, stream },
          { headers: { 'x-request-id': id }, ...(leavesEarly && { signal: AbortSignal.timeout(60) }) },
        );
        await response.arrayBuffer();
        this.finished.set(id, response.status);
      } catch {
        // Cut off by the kill, by the upstream, or by its own impatience: nothing was seen to finish.
      }
    }
  }
}

describe('kill -9 under load', () => {
  describeEachHome((home) => {
    let upstream: ScriptedUpstream;
    let gateway: GatewayProcess;
    let key: string;
    const start = async (): Promise<GatewayProcess> =>
      GatewayProcess.start({
        dataDir: home.dataDir,
        env: {
          ...home.env,
          OMNI_HEALTH_CHECKS: 'false',
          OMNI_PASSIVE_THRESHOLD: '1000',
          OMNI_UNHEALTHY_THRESHOLD: '100',
          OMNI_LOG_CALLS: 'false',
        },
      });

    beforeAll(async () => {
      upstream = await ScriptedUpstream.start();
      upstream.will((call, response) => {
        const name = String(call.headers['x-request-id']).split('-')[2] ?? '';
        return BEHAVIOURS[name]?.(call, response);
      });
      gateway = await start();
      await gateway.model('m', [upstream.url]);
      key = (await gateway.key({ tpm_limit: 100_000_000, concurrency_limit: 10_000 })).key;
    });
    afterAll(async () => {
      await gateway?.stop();
      await upstream?.close();
    });

    /** Load, and death at a moment nobody chose; answers what the callers saw. */
    const loadAndKill = async (round: number): Promise<Map<string, number>> => {
      const callers = new Callers(gateway, key, round);
      const running = callers.run();
      await sleep(300 + Math.random() * 400);
      gateway.kill('SIGKILL');
      callers.stop();
      await gateway.exit();
      await running;
      return callers.finished;
    };

    it('leaves exactly one record of every call that finished or reached the upstream, over several deaths', async () => {
      const finished = new Map<string, number>();
      for (const round of [1, 2]) {
        for (const [id, status] of await loadAndKill(round)) finished.set(id, status);
        gateway = await start();
        if (round === 1) {
          // Once more, while what the first death left is read.
          await sleep(Math.random() * 60);
          gateway.kill('SIGKILL');
          await gateway.exit();
          gateway = await start();
        }
      }
      const reached = new Set(upstream.calls.map((call) => String(call.headers['x-request-id'])));
      expect(finished.size).toBeGreaterThan(50);
      expect(reached.size).toBeGreaterThan(finished.size * 0.9);

      const missing = (records: readonly CallRecord[]): string[] => {
        const counts = countById(records);
        return [...reached, ...finished.keys()].filter((id) => !counts.has(id));
      };
      await eventually(async () => missing(await allRecords(gateway)).length === 0, 10_000).catch(() => undefined);
      const records = await allRecords(gateway);
      expect(missing(records)).toEqual([]);
      expect([...countById(records)].filter(([, count]) => count !== 1)).toEqual([]);

      const died = records.filter((record) => record.outcome === 'died');
      expect(died.length).toBeGreaterThan(0);
      const served = records.filter((record) => record.outcome !== 'died' && record.outcome !== 'hung_up');
      expect(served.filter((record) => record.attempts > 0 && !reached.has(record.request_id))).toEqual([]);
      // A call may die between being noted and being sent; most were under way.
      expect(died.filter((record) => !reached.has(record.request_id)).length).toBeLessThanOrEqual(2 * CALLERS);
      for (const [id, status] of finished) {
        const record = records.find(({ request_id }) => request_id === id);
        if (record?.outcome !== 'died') expect(record).toMatchObject({ request_id: id, status });
      }
    }, 60_000);

    it('charges a call that it saw to the end, and none of the others twice', async () => {
      const before = (await allRecords(gateway)).length;
      const response = await gateway.chat(key, QUESTION, { headers: { 'x-request-id': 'round9-1-quick' } });
      expect(response.status).toBe(200);
      await response.text();
      const record = await eventually(
        async () => (await gateway.manage('GET', '/usage?request_id=round9-1-quick')).data[0],
      );
      expect(record).toMatchObject({ outcome: 'ok', total_tokens: 18, usage_source: 'upstream' });
      gateway.kill('SIGKILL');
      await gateway.exit();
      gateway = await start();
      await sleep(500);
      expect(await allRecords(gateway)).toHaveLength(before + 1);
    });
  });
});
