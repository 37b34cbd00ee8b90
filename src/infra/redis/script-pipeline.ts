import type { RedisClient } from './redis-connection.js';

/** One of the things a script is asked to do; each call of the script does many. */
export interface ScriptMessage {
  /** Messages of one group share a Redis Cluster slot. */
  readonly group: string;
  readonly answered: (reply: unknown) => void;
  readonly failed: (error: Error) => void;
}

export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly (string | number | Buffer)[];
}

export interface PipelineOptions<M> {
  readonly lua: string;
  readonly timeoutMs: number;
  /** The call that does all of these; its answer is an array with one element each. */
  readonly encode: (messages: readonly M[]) => ScriptCall;
}

interface WithScript {
  omniStepsBuffer(keyCount: number, ...rest: (string | number | Buffer)[]): Promise<unknown[]>;
}

/** So many messages travel together; more of the same moment go in a further call, so that the first ones are answered early. */
const LARGEST_BATCH = 64;
/** So many messages may be on their way; one more fails at once. */
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
 * Sends messages to one Lua script. Messages of the same turn of the event loop travel as one call of the script, in one write
 * and one answer; each is answered within `timeoutMs` or fails.
 */
export class ScriptPipeline<M extends ScriptMessage> {
  private waiting: M[] = [];
  private unanswered = 0;

  constructor(
    private readonly client: RedisClient,
    private readonly options: PipelineOptions<M>,
  ) {
    // Sends the source once a connection and its SHA-1 from then on, and again the source on NOSCRIPT.
    client.defineCommand('omniSteps', { lua: options.lua });
  }

  get ready(): boolean {
    return this.client.status === 'ready';
  }

  /** `message` fails with ScriptNotSent, ScriptTimeout, or whatever Redis says; perhaps before this returns. */
  post(message: M): void {
    if (!this.ready || this.unanswered >= MOST_UNANSWERED) {
      message.failed(new ScriptNotSent());
      return;
    }
    this.unanswered += 1;
    if (this.waiting.push(message) === 1) setImmediate(() => this.send());
  }

  private send(): void {
    const all = this.waiting;
    this.waiting = [];
    for (const group of this.client.isCluster ? byGroup(all) : [all]) {
      for (let i = 0; i < group.length; i += LARGEST_BATCH) this.sendBatch(group.slice(i, i + LARGEST_BATCH));
    }
  }

  private sendBatch(batch: readonly M[]): void {
    const { timeoutMs } = this.options;
    let open = true;
    const close = (): boolean => {
      const wasOpen = open;
      open = false;
      return wasOpen;
    };
    const giveUp = (): void => {
      if (close()) fail(batch, new ScriptTimeout(timeoutMs));
    };
    // Timers run before sockets are read: after a pause of this process the answer may be there already.
    const timer = setTimeout(() => setImmediate(giveUp), timeoutMs);
    const arrived = (): boolean => {
      clearTimeout(timer);
      this.unanswered -= batch.length;
      return close();
    };
    this.run(batch).then(
      (replies) => {
        if (!arrived()) return;
        for (let i = 0; i < batch.length; i += 1) (batch[i] as M).answered(replies[i]);
      },
      (error: unknown) => {
        if (arrived()) fail(batch, error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  private async run(batch: readonly M[]): Promise<unknown[]> {
    const { keys, args } = this.options.encode(batch);
    return (this.client as unknown as WithScript).omniStepsBuffer(keys.length, ...keys, ...args);
  }
}

function byGroup<M extends ScriptMessage>(all: readonly M[]): M[][] {
  const groups = new Map<string, M[]>();
  for (const one of all) {
    const group = groups.get(one.group);
    if (group === undefined) groups.set(one.group, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

function fail(batch: readonly ScriptMessage[], error: Error): void {
  for (const { failed } of batch) failed(error);
}
