import { GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ANSWER, answerJson, type ReceivedCall, ScriptedUpstream } from '../support/scripted-upstream.js';

const CONVERSE = {
  output: { message: { role: 'assistant', content: [{ text: 'Hello from Bedrock' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 10, outputTokens: 4, totalTokens: 14 },
};
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content: [{ type: 'text', text: 'Hello from Anthropic' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: 4 },
};
const CONTENT = {
  candidates: [{ index: 0, content: { role: 'model', parts: [{ text: 'Hello from Google' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 4, totalTokenCount: 14 },
};

describe('vendors', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;
  let key: string;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    upstream.will((call, response) => answerJson(response, 200, answerTo(call)));
    gateway = await GatewayProcess.start({
      env: {
        OMNI_HEALTH_CHECKS: 'false',
        BEDROCK_REGION: 'eu-west-1',
        BEDROCK_BASE_URL: upstream.url,
        AWS_ACCESS_KEY_ID: 'AKIDMACHINE',
        AWS_SECRET_ACCESS_KEY: 'machine-secret',
        ANTHROPIC_API_KEY: 'sk-ant-1',
        ANTHROPIC_BASE_URL: upstream.url,
        GEMINI_API_KEY: 'gem-1',
        GEMINI_BASE_URL: upstream.url,
        VERTEX_PROJECT: 'my-project',
        VERTEX_BASE_URL: upstream.url,
        VERTEX_API_KEY: 'ya29.token',
        AZURE_OPENAI_API_KEY: 'az-1',
        AZURE_OPENAI_ENDPOINT: upstream.url,
        AZURE_OPENAI_API_VERSION: '2024-10-21',
        GROQ_API_KEY: 'gsk-1',
        GROQ_BASE_URL: upstream.url,
      },
    });
    key = (await gateway.key()).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });
  beforeEach(() => void (upstream.calls.length = 0));

  function answerTo({ path }: ReceivedCall): unknown {
    if (path.includes('/converse')) return CONVERSE;
    if (path.includes('/messages') || path.includes('rawPredict')) return MESSAGE;
    return path.includes(':generateContent') ? CONTENT : ANSWER;
  }

  it.each([
    [
      'bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0',
      '/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse',
      'authorization',
      /^AWS4-HMAC-SHA256 Credential=AKIDMACHINE\/\d{8}\/eu-west-1\/bedrock\/aws4_request, /,
      'Hello from Bedrock',
    ],
    ['claude-sonnet-4-5', '/v1/messages', 'x-api-key', /^sk-ant-1$/, 'Hello from Anthropic'],
    [
      'gemini-2.5-flash',
      '/v1beta/models/gemini-2.5-flash:generateContent',
      'x-goog-api-key',
      /^gem-1$/,
      'Hello from Google',
    ],
    [
      'vertex/gemini-2.5-flash',
      '/v1/projects/my-project/locations/global/publishers/google/models/gemini-2.5-flash:generateContent',
      'authorization',
      /^Bearer ya29\.token$/,
      'Hello from Google',
    ],
    [
      'vertex/claude-sonnet-4-5@20250929',
      '/v1/projects/my-project/locations/global/publishers/anthropic/models/claude-sonnet-4-5%4020250929:rawPredict',
      'authorization',
      /^Bearer ya29\.token$/,
      'Hello from Anthropic',
    ],
    [
      'azure/my-deployment',
      '/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21',
      'api-key',
      /^az-1$/,
      'Hello!',
    ],
    ['groq/llama-3.3-70b', '/openai/v1/chat/completions', 'authorization', /^Bearer gsk-1$/, 'Hello!'],
  ])('%s is asked at its place, with its proof', async (model, path, header, proof, text) => {
    const response = await gateway.chat(key, { ...QUESTION, model, max_tokens: 50 });
    const body = (await response.json()) as any;
    expect({ status: response.status, text: body.choices?.[0].message.content, model: body.model }).toEqual({
      status: 200,
      text: expect.stringContaining(text),
      model,
    });
    const [call] = upstream.calls;
    expect(call?.path).toBe(path);
    expect(call?.headers[header]).toMatch(proof);
    // The caller's key goes nowhere.
    expect(JSON.stringify(call?.headers)).not.toContain(key);
  });

  it('names Claude’s model in the path alone on Vertex, with the version in the body', async () => {
    await gateway.chat(key, { ...QUESTION, model: 'vertex/claude-sonnet-4-5@20250929', max_tokens: 50 });
    const [call] = upstream.calls;
    expect(call?.body).not.toHaveProperty('model');
    expect(call?.body['anthropic_version']).toBe('vertex-2023-10-16');
  });

  it('refuses names that would lead to another place of the vendor', async () => {
    for (const model of ['gemini/..', 'vertex/..', 'bedrock/.']) {
      const response = await gateway.chat(key, { ...QUESTION, model });
      expect(((await response.json()) as any).error.code).toBe('model_not_found');
    }
    await gateway.chat(key, { ...QUESTION, model: 'gemini/../../v1/files?x=' });
    expect(upstream.calls.map(({ path }) => path)).toEqual([
      '/v1beta/models/..%2F..%2Fv1%2Ffiles%3Fx%3D:generateContent',
    ]);
  });

  it('says so when a vendor’s proof cannot be had', async () => {
    const away = await GatewayProcess.start({
      env: {
        OMNI_HEALTH_CHECKS: 'false',
        BEDROCK_REGION: 'eu-west-1',
        BEDROCK_BASE_URL: upstream.url,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_CONFIG_FILE: '/nonexistent',
        AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
        VERTEX_PROJECT: 'my-project',
        VERTEX_BASE_URL: upstream.url,
        GOOGLE_APPLICATION_CREDENTIALS: '/nonexistent.json',
      },
    });
    const secret = (await away.key()).key;
    for (const [model, said] of [
      ['bedrock/m', /AWS credentials/],
      ['vertex/gemini-2.5-flash', /access token/],
    ] as const) {
      const response = await away.chat(secret, { ...QUESTION, model });
      expect(response.status).toBe(502);
      expect(((await response.json()) as any).error.message).toMatch(said);
    }
    expect(upstream.calls).toHaveLength(0);
    await away.stop();
  });
});
