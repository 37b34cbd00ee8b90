import { BrokenStream, type Told } from '../support/conversations/conversation.js';
import { CONVERSATIONS } from '../support/conversations/conversations.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { answerJson, type ReceivedCall, ScriptedUpstream } from '../support/scripted-upstream.js';
import type { SpokenAnswer } from '../support/vendors/vendor.js';
import { formatOf, VENDORS, type VendorFormat, VendorStage } from '../support/vendors/vendor-stage.js';

const TEXT: SpokenAnswer = { text: 'Sunny, 21 °C – enjoy! 🌞' };
const DIALECTS = Object.keys(CONVERSATIONS) as VendorFormat[];

describe('streams in every dialect', () => {
  let stage: VendorStage;
  let second: ScriptedUpstream;
  let gateway: GatewayProcess;
  let key: string;

  beforeAll(async () => {
    stage = await VendorStage.open();
    second = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({ env: stage.environment });
    for (const name of DIALECTS)
      await gateway.manage('POST', '/models', {
        name,
        model_id: 'up',
        backends: [
          { url: stage.upstream.url, priority: 0 },
          { url: second.url, priority: 1 },
        ],
      });
    ({ key } = await gateway.key());
  });
  afterAll(async () => {
    await gateway.stop();
    await stage.close();
    await second.close();
  });
  beforeEach(() => {
    second.calls.length = 0;
    second.will((call, response) => stream(call, response, VENDORS[formatOf(call)].stream(TEXT)));
  });

  const stream = (
    _call: ReceivedCall,
    response: Parameters<Parameters<ScriptedUpstream['will']>[0]>[1],
    text: string,
  ) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);
  };
  const ask = (caller: VendorFormat): Promise<Told> =>
    CONVERSATIONS[caller]({ url: gateway.url, key, streams: true }, { model: caller }).say('How is the weather?');

  it.each(DIALECTS)('%s: one that fails before it begins is answered by another provider', async (caller) => {
    stage.upstream.will((_call, response) => answerJson(response, 503, { error: { message: 'overloaded' } }));
    expect(await ask(caller)).toMatchObject({ text: TEXT.text, end: 'stop' });
    expect(second.calls).toHaveLength(1);
  });

  it.each(DIALECTS)('%s: one that fails after it has begun is not begun again', async (caller) => {
    stage.upstream.will((call, response) => {
      const begun = VENDORS[formatOf(call)].stream(TEXT).split('\n\n').slice(0, 3).join('\n\n');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`${begun}\n\n`, () => setTimeout(() => response.destroy(), 20));
    });
    const failure: unknown = await ask(caller).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BrokenStream);
    expect(second.calls).toHaveLength(0);
  });
});
