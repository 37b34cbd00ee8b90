import type { GatewayProcess } from './gateway-process.js';
import { eventually, QUESTION } from './gateway-process.js';
import type { ScriptedUpstream } from './scripted-upstream.js';
import { answerJson, ANSWER } from './scripted-upstream.js';

/** Tokens of the question as the gateway estimates them. */
export const PROMPT_TOKENS = Math.ceil(Buffer.byteLength(JSON.stringify(QUESTION.messages)) / 4);
export const MAX_TOKENS = 20 - PROMPT_TOKENS;
/** What a call may use, and really uses. */
export const CALL_TOKENS = 20;
/** Nano-dollars of a call, at one dollar per million tokens. */
export const CALL_NANO = CALL_TOKENS * 1000;

/** A call whose worst case is what it will cost. */
export const EXACT_CALL = { ...QUESTION, max_tokens: MAX_TOKENS };
export const EXACT_ANSWER = {
  ...ANSWER,
  usage: { prompt_tokens: PROMPT_TOKENS, completion_tokens: MAX_TOKENS, total_tokens: CALL_TOKENS },
};

/** Some calls' cost in USD. */
export const usd = (calls: number): string => (Math.round(calls * CALL_NANO) / 1e9).toFixed(9).replace(/\.?0+$/, '');

/** Registers the model `m` on an upstream, at one dollar per million tokens. The price comes first: who knows the one knows both. */
export async function sellModel(gateway: GatewayProcess, upstream: ScriptedUpstream): Promise<void> {
  await gateway.manage('POST', '/prices', { model: 'upstream-model', input: '1', output: '1' });
  await gateway.model('m', [upstream.url]);
}

/** Waits until every gateway knows the key, and the model `m` with its price. */
export async function allKnow(gateways: readonly GatewayProcess[], key: string): Promise<void> {
  for (const { url } of gateways) {
    await eventually(async () => {
      const response = await fetch(`${url}/v1/models/m`, { headers: { authorization: `Bearer ${key}` } });
      await response.arrayBuffer();
      return response.status === 200;
    });
  }
}

/** Sends calls all at once, over the gateways in turn, and answers with their responses, read to the end. */
export async function sendAtOnce(
  gateways: readonly GatewayProcess[],
  key: string,
  count: number,
  onAnswer: (status: number) => void = () => undefined,
): Promise<{ status: number; headers: Headers; body: any }[]> {
  return Promise.all(
    Array.from({ length: count }, async (_unused, i) => {
      const gateway = gateways[i % gateways.length] as GatewayProcess;
      const response = await gateway.chat(key, EXACT_CALL);
      onAnswer(response.status);
      return { status: response.status, headers: response.headers, body: await response.json() };
    }),
  );
}

export const withStatus = (answers: readonly { status: number }[], status: number): number =>
  answers.filter((answer) => answer.status === status).length;

/** Holds answers back until they are let go. */
export class Gate {
  private readonly waiting: (() => void)[] = [];
  private opened = false;

  /** The script for an upstream behind the gate. */
  readonly script = async (_call: unknown, response: Parameters<typeof answerJson>[0]): Promise<void> => {
    if (!this.opened) await new Promise<void>((resolve) => this.waiting.push(resolve));
    answerJson(response, 200, EXACT_ANSWER);
  };

  open(): void {
    this.opened = true;
    for (const go of this.waiting.splice(0)) go();
  }
}
