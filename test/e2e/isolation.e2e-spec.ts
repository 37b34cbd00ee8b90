import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import {
  ANSWER,
  answerJson,
  chunk,
  DONE,
  ScriptedUpstream,
  type ReceivedCall,
  type Script,
} from '../support/scripted-upstream.js';

const CALLS = 200;

interface Side {
  model: string;
  upstreamModel: string;
  provider: string;
  secret: string;
  upstream: ScriptedUpstream;
}

/** Says back who asked for what, with what credential, and a usage that is the call's own number. */
function echo(side: Side): Script {
  return async (call, response) => {
    const words = wordsOf(call);
    const number = Number(/\d+/.exec(words)?.[0]);
    const said = `${side.provider} heard ${words} for ${String(call.body['model'])} with ${String(call.headers.authorization)}`;
    const usage = { prompt_tokens: 1000 + number, completion_tokens: 1, total_tokens: 1001 + number };
    await sleep(Math.random() * 40);
    if (call.body['stream'] !== true) {
      const choices = [{ index: 0, message: { role: 'assistant', content: said }, finish_reason: 'stop' }];
      answerJson(response, 200, { ...ANSWER, model: call.body['model'] as string, choices, usage });
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const word of said.split(' ')) {
      response.write(chunk({ content: `${word} ` }, { model: call.body['model'] }));
      await sleep(Math.random() * 10);
    }
    response.end(chunk({}, { model: call.body['model'] }, 'stop') + chunk({}, { choices: [], usage }) + DONE);
  };
}

const wordsOf = (call: ReceivedCall): string => String((call.body as any).messages[0].content);

describe('calls in flight at the same time', () => {
  let gateway: GatewayProcess;
  const sides: Side[] = [];
  const keys: { key: string; id: string }[] = [];

  beforeAll(async () => {
    gateway = await GatewayProcess.start({
      env: { OMNI_HEALTH_CHECKS: 'false', OMNI_MASTER_KEY: 'a-master-key-of-more-than-32-characters' },
    });
    for (const name of ['alpha', 'beta']) {
      const upstream = await ScriptedUpstream.start();
      const side = {
        model: name,
        upstreamModel: `vendor-${name}`,
        provider: `p-${name}`,
        secret: `sk-${name}-0123456789`,
        upstream,
      };
      upstream.will(echo(side));
      const provider = await gateway.manage('POST', '/providers', {
        name: side.provider,
        base_url: `${upstream.url}/v1`,
      });
      await gateway.manage('POST', `/providers/${provider.id}/credentials`, { secret: side.secret });
      await gateway.model(name, [], { model_id: side.upstreamModel, backends: [{ provider_id: provider.id }] });
      sides.push(side);
      const { key, api_key } = await gateway.key({ name: `key of ${name}` });
      keys.push({ key, id: api_key.id });
    }
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all(sides.map(({ upstream }) => upstream.close()));
  });

  interface Told {
    index: number;
    side: Side;
    keyId: string;
    stream: boolean;
    id: string;
    said: string;
    models: Set<string>;
    headers: Headers;
  }

  async function call(index: number): Promise<Told> {
    const side = sides[index % 2] as Side;
    const { key, id: keyId } = keys[Math.floor(index / 2) % 2] as { key: string; id: string };
    const stream = Math.floor(index / 4) % 2 === 0;
    const id = `call-${index}`;
    const response = await gateway.chat(
      key,
      {
        model: side.model,
        stream,
        messages: [{ role: 'user', content: `words-${index}` }],
        omni_metadata: { number: String(index) },
      },
      { headers: { 'x-request-id': id } },
    );
    expect(response.status).toBe(200);
    const text = await response.text();
    const parts = stream
      ? text
          .split('\n\n')
          .filter((part) => part.startsWith('data: {'))
          .map((part) => JSON.parse(part.slice(6)) as any)
      : [JSON.parse(text) as any];
    const said = parts
      .map((part) => part.choices[0]?.message?.content ?? part.choices[0]?.delta?.content ?? '')
      .join('');
    return {
      index,
      side,
      keyId,
      stream,
      id,
      said,
      models: new Set(parts.map((part) => part.model as string)),
      headers: response.headers,
    };
  }

  it('never exchange model, provider, credential, answer or usage', async () => {
    const all = await Promise.all(Array.from({ length: CALLS }, (_unused, index) => call(index)));

    for (const { index, side, said, models, headers, id } of all) {
      const { provider, upstreamModel, secret, model } = side;
      expect(said.trim()).toBe(`${provider} heard words-${index} for ${upstreamModel} with Bearer ${secret}`);
      expect([...models]).toEqual([model]);
      expect(headers.get('x-request-id')).toBe(id);
      expect(headers.get('x-omni-provider')).toBe(provider);
      expect(headers.get('x-omni-model')).toBe(upstreamModel);
    }

    for (const side of sides) {
      const mine = all.filter((told) => told.side === side);
      expect(side.upstream.calls.map(wordsOf).sort()).toEqual(mine.map(({ index }) => `words-${index}`).sort());
      expect(new Set(side.upstream.calls.map(({ headers }) => headers.authorization))).toEqual(
        new Set([`Bearer ${side.secret}`]),
      );
      for (const received of side.upstream.calls) {
        expect(received.headers['x-request-id']).toBe(wordsOf(received).replace('words', 'call'));
        expect(received.body['model']).toBe(side.upstreamModel);
      }
    }

    const rows = await eventually(async () => {
      const { data } = await gateway.manage('GET', `/usage?limit=${CALLS}`);
      return data.length === CALLS ? new Map((data as any[]).map((row) => [row.request_id as string, row])) : null;
    }, 10_000);
    for (const { index, side, keyId, stream, id } of all) {
      expect(rows.get(id)).toMatchObject({
        key_id: keyId,
        model: side.model,
        upstream_model: side.upstreamModel,
        provider: side.provider,
        stream,
        prompt_tokens: 1000 + index,
        total_tokens: 1001 + index,
        metadata: { number: String(index) },
        outcome: 'ok',
      });
    }
    const lines = new Map(gateway.callLines().map((line) => [line['request_id'] as string, line]));
    for (const { index, side, id } of all) {
      expect(lines.get(id)).toMatchObject({ model: side.model, provider: side.provider, total_tokens: 1001 + index });
    }
  });
});
