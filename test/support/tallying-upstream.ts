import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROMPT_TOKENS } from './budgeted-gateways.js';
import { answerJson, chunk, DONE, event, ScriptedUpstream, type ReceivedCall } from './scripted-upstream.js';
import { seeded, seedOf } from './seeded-random.js';

/** Four bytes: what the gateway counts as one token where nobody reports any. */
const TOKEN = 'word';
/** Longest answer. Callers allow more, so that a worst case is really worse. */
export const MOST_TOKENS = 12;

/** What an upstream does with a call. Request ids end in the name, so that a failure tells what was going on. */
export const BEHAVIOURS = [
  'whole',
  'slow',
  'stream',
  'drip',
  'silent',
  'mute',
  'refuse',
  'fail',
  'break',
  'drop',
] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

/** What the upstream has done for one call, by its own account. */
export interface Served {
  readonly behaviour: Behaviour;
  readonly stream: boolean;
  /** What its usage block says, or would say. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Whether it has written the usage block. */
  reported: boolean;
  /** Tokens of text it has written. */
  written: number;
  /** Whether the answer was written to its end. */
  complete: boolean;
  /** How often the call came. */
  times: number;
}

export function behaviourOf(requestId: string): Behaviour {
  return requestId.slice(requestId.lastIndexOf('-') + 1) as Behaviour;
}

/**
 * A vendor that keeps its own books: of each request id, what it was asked for and what it gave. The ledger must say the same.
 *
 * `whole`, `slow`: an answer, at once or after a while. `stream`, `drip`: a stream, at once or token by token. `silent`, `mute`: an
 * answer or a stream without a usage block. `refuse`: 400. `fail`: 500. `break`: a stream, or an answer, that breaks off in the
 * middle. `drop`: hangs up without an answer.
 */
export class TallyingUpstream {
  readonly served = new Map<string, Served>();

  private constructor(
    readonly server: ScriptedUpstream,
    /** Longest pause of a slow answer, and of a dripping stream between two tokens, ms. */
    private readonly pauses: { answerMs: number; tokenMs: number },
  ) {
    server.will((call, response) => this.serve(call, response));
  }

  static async start(pauses = { answerMs: 150, tokenMs: 15 }): Promise<TallyingUpstream> {
    return new TallyingUpstream(await ScriptedUpstream.start(), pauses);
  }

  get url(): string {
    return this.server.url;
  }

  /** Whether at least the beginning of a call came. */
  heardOf(id: string): boolean {
    return this.server.arrived.has(id);
  }

  close(): Promise<void> {
    return this.server.close();
  }

  private async serve(call: ReceivedCall, response: ServerResponse): Promise<void> {
    const id = String(call.headers['x-request-id']);
    const random = seeded(seedOf(id));
    const before = this.served.get(id);
    const served: Served = {
      behaviour: behaviourOf(id),
      stream: call.body['stream'] === true,
      promptTokens: 1 + Math.floor(random() * PROMPT_TOKENS),
      completionTokens: 1 + Math.floor(random() * MOST_TOKENS),
      reported: false,
      written: 0,
      complete: false,
      times: (before?.times ?? 0) + 1,
    };
    this.served.set(id, served);
    if (served.behaviour === 'refuse')
      answerJson(response, 400, { error: { message: 'no', type: 'invalid_request_error' } });
    else if (served.behaviour === 'fail') answerJson(response, 500, { error: { message: 'out of order' } });
    else if (served.behaviour === 'drop') response.destroy();
    else if (served.stream) await this.stream(served, response, random);
    else await this.answer(served, response, random);
  }

  private async answer(served: Served, response: ServerResponse, random: () => number): Promise<void> {
    const { behaviour, promptTokens, completionTokens } = served;
    if (behaviour === 'slow') await sleep(random() * this.pauses.answerMs);
    const text = JSON.stringify({
      ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'upstream-model' },
      choices: [
        { index: 0, message: { role: 'assistant', content: TOKEN.repeat(completionTokens) }, finish_reason: 'stop' },
      ],
      ...(behaviour !== 'silent' && { usage: usageBlock(promptTokens, completionTokens) }),
    });
    if (behaviour === 'break') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
      response.write(text.slice(0, text.length / 2), () => response.destroy());
      return;
    }
    if (response.destroyed) return;
    served.written = completionTokens;
    served.reported = behaviour !== 'silent';
    served.complete = true;
    answerJson(response, 200, text);
  }

  private async stream(served: Served, response: ServerResponse, random: () => number): Promise<void> {
    const { behaviour, promptTokens, completionTokens } = served;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const breaksAt = behaviour === 'break' ? Math.floor(random() * completionTokens) : -1;
    for (let token = 0; token < completionTokens; token += 1) {
      if (behaviour === 'drip') await sleep(random() * this.pauses.tokenMs);
      if (response.destroyed) return;
      if (token === breaksAt) {
        // What was written is on its way before the connection goes.
        await new Promise((resolve) => setImmediate(resolve));
        response.destroy();
        return;
      }
      served.written += 1;
      response.write(chunk({ content: TOKEN }));
    }
    response.write(chunk({}, {}, 'stop'));
    if (behaviour !== 'mute') {
      served.reported = true;
      response.write(event({ ...USAGE_CHUNK, usage: usageBlock(promptTokens, completionTokens) }));
    }
    served.complete = true;
    response.end(DONE);
  }
}

const USAGE_CHUNK = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'upstream-model',
  choices: [],
};

const usageBlock = (promptTokens: number, completionTokens: number): object => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
});
