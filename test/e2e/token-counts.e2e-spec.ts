import { geminiCounter, messagesCounter } from '../support/dialect-callers.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

const TEXT = 'How is the weather in Zürich?';
const CONTENTS = [{ role: 'user', parts: [{ text: TEXT }] }];
const TOOLS = [
  { functionDeclarations: [{ name: 'get_weather', description: 'The weather of a city, told at length' }] },
];
const ANSWER = {
  candidates: [{ index: 0, content: { role: 'model', parts: [{ text: 'Sunny.' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 2, totalTokenCount: 11 },
};

describe('token counts', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let key: string;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({ env: { GEMINI_API_KEY: 'g-test', GEMINI_BASE_URL: upstream.url } });
    ({ key } = await gateway.key({ rpm_limit: 1 }));
  });
  afterAll(async () => {
    await gateway.stop();
    await upstream.close();
  });

  const post = async (path: string, body: unknown): Promise<{ status: number; body: any }> => {
    const answer = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { 'x-goog-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };

  it('counts a prompt of generateContent, bare or within the request it belongs to', async () => {
    const bare = await post('/v1beta/models/gemini-x:countTokens', { contents: CONTENTS });
    expect(bare.status).toBe(200);
    expect(bare.body.totalTokens).toBeGreaterThan(6);
    expect(bare.body.totalTokens).toBeLessThan(60);
    const request = { model: 'models/gemini-x', contents: CONTENTS };
    const within = await post('/v1/models/gemini-x:countTokens?alt=json', { generateContentRequest: request });
    expect(within).toEqual(bare);
    const withTools = await post('/v1beta/models/gemini-x:countTokens', {
      generateContentRequest: { ...request, tools: TOOLS },
    });
    expect(withTools.body.totalTokens).toBeGreaterThan(bare.body.totalTokens);
  });

  it('counts for names with slashes', async () => {
    const slashes = await post('/v1beta/models/gemini/x/y:countTokens', { contents: CONTENTS });
    expect(slashes.status).toBe(200);
    expect(slashes).toEqual(await post('/v1beta/models/gemini-x:countTokens', { contents: CONTENTS }));
  });

  it.each([
    ['Google', geminiCounter],
    ['Anthropic', messagesCounter],
  ])('counts for the SDK of %s, more for more words', async (_, counterFor) => {
    const count = counterFor(gateway.url, key);
    const few = await count('gemini/x', TEXT);
    const many = await count('gemini/x', TEXT.repeat(100));
    expect(few).toBeGreaterThan(6);
    expect(few).toBeLessThan(60);
    expect(many).toBeGreaterThan(600);
    expect(many).toBeLessThan(6000);
  });

  it('asks nobody and takes nothing of the limits of a key', async () => {
    for (let count = 0; count < 3; count += 1)
      expect((await post('/v1beta/models/gemini-x:countTokens', { contents: CONTENTS })).status).toBe(200);
    expect(upstream.calls).toHaveLength(0);
    upstream.willAnswer(ANSWER);
    expect((await post('/v1beta/models/gemini-x:generateContent', { contents: CONTENTS })).status).toBe(200);
    expect((await post('/v1beta/models/gemini-x:generateContent', { contents: CONTENTS })).status).toBe(429);
    expect((await post('/v1beta/models/gemini-x:countTokens', { contents: CONTENTS })).status).toBe(200);
  });

  it('counts for nobody without a key, and no model that the key may not use', async () => {
    const counted = (headers: Record<string, string>) =>
      fetch(`${gateway.url}/v1beta/models/gemini-x:countTokens`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ contents: CONTENTS }),
      });
    expect((await counted({})).status).toBe(401);
    const { key: other } = await gateway.key({ allowed_models: ['gemini-y'] });
    const refused = await counted({ 'x-goog-api-key': other });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: 403, status: 'PERMISSION_DENIED' } });
  });

  it('refuses what it cannot count, in the dialect of the path', async () => {
    expect(await post('/v1beta/models/nobody/x:countTokens', { contents: CONTENTS })).toMatchObject({
      status: 404,
      body: { error: { code: 404, status: 'NOT_FOUND' } },
    });
    expect(await post('/v1beta/models/gemini-x:countTokens', { generateContentRequest: 7 })).toMatchObject({
      status: 400,
      body: { error: { status: 'INVALID_ARGUMENT' } },
    });
    expect((await post('/v1beta/models/gemini-x:explainTokens', { contents: CONTENTS })).status).toBe(404);
  });
});
