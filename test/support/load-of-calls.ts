import { Agent, request, type IncomingMessage } from 'node:http';
import { EXACT_CALL } from './budgeted-gateways.js';
import { BEHAVIOURS, MOST_TOKENS, type Behaviour } from './tallying-upstream.js';

/** More than any answer has: what a call reserves is more than what it costs. */
const MAX_TOKENS = 2 * MOST_TOKENS;
const STREAMED = new Set<Behaviour>(['stream', 'drip', 'mute']);

/** What a caller saw of its call. */
export interface Seen {
  /** 0: no answer at all. */
  status: number;
  /** Tokens of text that came. */
  tokens: number;
  /** Whether the answer came to its end. */
  complete: boolean;
  /** Whether the caller itself hung up. */
  left: boolean;
  ms: number;
  /** When it was over, monotonic ms. */
  endedAt: number;
}

export interface LoadOptions {
  /** Where to call now; asked before each call, since gateways come and go. `null`: nowhere, for the moment. */
  url: () => string | null;
  keys: readonly string[];
  /** What request ids begin with. */
  name: string;
  random: () => number;
  callers: number;
  /** One caller's longest pause between two calls, ms. Default 20. */
  pauseMs?: number;
  /** The share of calls that are hung up on at a moment nobody chose. Default 0.1. */
  leaving?: number;
  behaviours?: readonly Behaviour[];
}

/** Callers who call without end, each one call after another, and remember what came of it. */
export class LoadOfCalls {
  readonly seen = new Map<string, Seen>();
  private readonly agent = new Agent({ keepAlive: true });
  private going = true;
  private count = 0;
  private readonly running: Promise<unknown>;

  constructor(private readonly options: LoadOptions) {
    this.running = Promise.all(Array.from({ length: options.callers }, () => this.callOnAndOn()));
  }

  get calls(): number {
    return this.count;
  }

  /** Begins no further call, and returns when those under way have ended. */
  async stop(): Promise<void> {
    this.going = false;
    await this.running;
    this.agent.destroy();
  }

  /** How often each status was seen since the `from`th call. */
  statuses(from = 0): Map<number, number> {
    const counts = new Map<number, number>();
    for (const { status } of [...this.seen.values()].slice(from)) counts.set(status, (counts.get(status) ?? 0) + 1);
    return counts;
  }

  /** The longest that a caller waited who did not leave, ms. */
  slowestMs(from = 0): number {
    return Math.max(0, ...[...this.seen.values()].slice(from).map(({ ms }) => ms));
  }

  private async callOnAndOn(): Promise<void> {
    const { random, pauseMs = 20, keys, behaviours = BEHAVIOURS } = this.options;
    while (this.going) {
      const url = this.options.url();
      if (url !== null) {
        this.count += 1;
        const behaviour = behaviours[Math.floor(random() * behaviours.length)] as Behaviour;
        const id = `${this.options.name}-${this.count}-${behaviour}`;
        this.seen.set(id, await this.call(url, keys[Math.floor(random() * keys.length)] ?? '', id, behaviour));
      }
      await new Promise((resolve) => setTimeout(resolve, random() * pauseMs));
    }
  }

  private call(url: string, key: string, id: string, behaviour: Behaviour): Promise<Seen> {
    const { random, leaving = 0.1 } = this.options;
    const seen: Seen = { status: 0, tokens: 0, complete: false, left: false, ms: 0, endedAt: 0 };
    const stream = STREAMED.has(behaviour) || (behaviour === 'break' && random() < 0.5);
    const body = JSON.stringify({ ...EXACT_CALL, max_tokens: MAX_TOKENS, stream });
    const began = performance.now();
    return new Promise((resolve) => {
      const outgoing = request(`${url}/v1/chat/completions`, {
        agent: this.agent,
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'x-request-id': id,
        },
      });
      const leave = (): void => {
        seen.left = true;
        outgoing.destroy();
      };
      // Before the answer begins, or in the middle of it.
      const patience = random() < leaving ? setTimeout(leave, random() * 60) : null;
      const leavesAt = random() < leaving ? Math.floor(random() * MOST_TOKENS) : Infinity;
      outgoing.once('response', (answer) => read(answer, seen, () => seen.tokens >= leavesAt && leave()));
      outgoing.on('error', () => undefined);
      outgoing.once('close', () => {
        if (patience !== null) clearTimeout(patience);
        seen.endedAt = performance.now();
        seen.ms = seen.endedAt - began;
        resolve(seen);
      });
      outgoing.end(body);
    });
  }
}

function read(answer: IncomingMessage, seen: Seen, onText: () => void): void {
  seen.status = answer.statusCode ?? 0;
  answer.setEncoding('utf8');
  let text = '';
  answer.on('data', (piece: string) => {
    text += piece;
    seen.tokens = text.split('word').length - 1;
    onText();
  });
  answer.once('end', () => {
    const isStream = String(answer.headers['content-type']).includes('event-stream');
    seen.complete = isStream ? text.includes('data: [DONE]') : answer.complete;
  });
  answer.on('error', () => undefined);
}
