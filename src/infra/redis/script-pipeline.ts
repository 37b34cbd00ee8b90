import type { RedisClient } from './redis-connection.js';

export interface ScriptCall {
  /** Calls of one group share a Redis Cluster slot. */
  readonly group: string;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

interface Waiting {
  readonly call: ScriptCall;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface ScriptBatch {
  runScript(keyCount: number, ...rest: (string | number)[]): ScriptBatch;
  exec(): Promise<[Error | null, unknown][] | null>;
}

/** So many calls travel together; more of the same moment go in a further batch, so that the first ones are answered early. */
const LARGEST_BATCH = 64;
/** So many calls may be on their way; one more fails at once. */
const MOST_UNANSWERED = 20_000;

/** The server did not answer in time. Whether the script ran is unknown. */
export class ScriptTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`Redis did not answer within ${timeoutMs} ms`);
    this.name = 'ScriptTimeout';
  }
}

/** The call was not sent: there is no connection. */
export class ScriptNotSent extends Error {
  constructor() {
    super('There is no connection to Redis');
    this.name = 'ScriptNotSent';
  }
}

/** Whether an error says that the server is out of reach or out of order, rather than that it refuses this one call. */
export function isOutage(error: unknown): boolean {
  return !(error instanceof Error && error.name === 'ReplyError' && /^(ERR|WRONGTYPE|CROSSSLOT) /.test(error.message));
}

/**
 * Calls one Lua script. What is called in the same moment travels together, in one write and one answer; each call is answered
 * within `timeoutMs` or rejected.
 */
export class ScriptPipeline {
  private waiting: Waiting[] = [];
  private unanswered = 0;

  constructor(
    private readonly client: RedisClient,
    lua: string,
    private readonly timeoutMs: number,
  ) {
    // Sends the source once a connection and its SHA-1 from then on, and again the source on NOSCRIPT.
    client.defineCommand('runScript', { lua });
  }

  get ready(): boolean {
    return this.client.status === 'ready';
  }

  /** @throws (rejects) ScriptNotSent, ScriptTimeout, or whatever Redis says. */
  call(call: ScriptCall): Promise<unknown> {
    if (!this.ready || this.unanswered >= MOST_UNANSWERED) return Promise.reject(new ScriptNotSent());
    this.unanswered += 1;
    return new Promise((resolve, reject) => {
      if (this.waiting.push({ call, resolve, reject }) === 1) setImmediate(() => this.send());
    });
  }

  private send(): void {
    const all = this.waiting;
    this.waiting = [];
    for (const group of this.client.isCluster ? byGroup(all) : [all]) {
      for (let i = 0; i < group.length; i += LARGEST_BATCH) this.sendBatch(group.slice(i, i + LARGEST_BATCH));
    }
  }

  private sendBatch(batch: readonly Waiting[]): void {
    const timer = setTimeout(() => fail(batch, new ScriptTimeout(this.timeoutMs)), this.timeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      this.unanswered -= batch.length;
    };
    const pipeline = this.client.pipeline() as unknown as ScriptBatch;
    for (const { call } of batch) pipeline.runScript(call.keys.length, ...call.keys, ...call.args);
    pipeline.exec().then(
      (replies) => {
        done();
        batch.forEach(({ resolve, reject }, i) => {
          const [error, reply] = replies?.[i] ?? [new ScriptNotSent(), null];
          if (error === null) resolve(reply);
          else reject(error);
        });
      },
      (error: unknown) => {
        done();
        fail(batch, error instanceof Error ? error : new Error(String(error)));
      },
    );
  }
}

function byGroup(all: readonly Waiting[]): Waiting[][] {
  const groups = new Map<string, Waiting[]>();
  for (const one of all) {
    const group = groups.get(one.call.group);
    if (group === undefined) groups.set(one.call.group, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

function fail(batch: readonly Waiting[], error: Error): void {
  for (const { reject } of batch) reject(error);
}
