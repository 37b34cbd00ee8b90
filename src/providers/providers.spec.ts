import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FormatId } from '../../libs/protocol/index.js';
import { backendAddress } from '../registry/backend-address.js';
import type { BackendEntry, CredentialEntry } from '../registry/snapshot.js';
import { BedrockAdapter } from './bedrock/bedrock.adapter.js';
import { signedHeaders } from './bedrock/aws-signature.js';
import type { OutgoingRequest, ProviderAdapter, Target } from './provider-adapter.js';
import { ProviderAdapters } from './provider-adapters.js';
import { ownBaseUrl, type ProviderProfile } from './provider-profile.js';
import { ProfileAdapter } from './profile.adapter.js';
import { profileOf, PROFILES } from './profiles.js';
import { GoogleToken } from './vertex/google-token.js';
import { VertexAdapter } from './vertex/vertex.adapter.js';

const adapters = new ProviderAdapters();

function aBackend(kind: string, baseUrl: string, options: Record<string, string> = {}): BackendEntry {
  const provider = { id: 'p', name: kind, kind, baseUrl, options, active: true, credentials: [] };
  const address = backendAddress(baseUrl, 'provider');
  return {
    id: 'b',
    modelId: 'm',
    url: baseUrl,
    ...address,
    weight: 1,
    priority: 0,
    provider,
    timeouts: {},
    urlFrom: 'administrator',
  };
}

const aCredential = (secret: string): CredentialEntry => ({
  id: 'c',
  label: 'l',
  secret,
  rpmLimit: null,
  tpmLimit: null,
});

function aTarget(
  kind: string,
  baseUrl: string,
  more: { model?: string; secret?: string; options?: Record<string, string> } = {},
): Target {
  const credential = more.secret === undefined ? null : aCredential(more.secret);
  return { backend: aBackend(kind, baseUrl, more.options), credential, model: more.model ?? 'm' };
}

const aRequest = (fields: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  method: 'POST',
  path: '/x',
  body: Buffer.from('{}'),
  requestId: 'r-1',
  format: 'openai-chat',
  ...fields,
});

async function headersOf(
  adapter: ProviderAdapter,
  target: Target,
  request = aRequest(),
): Promise<Record<string, string>> {
  const list = await adapter.authorize(target, request);
  const names = list.filter((_text, index) => index % 2 === 0);
  expect(new Set(names).size).toBe(names.length);
  return Object.fromEntries(names.map((name, index) => [name, list[index * 2 + 1] ?? '']));
}

const generate = (target: Target, format: FormatId, stream = false) =>
  adapters.for(target.backend).generatePath(target, format, stream);

describe('vendors', () => {
  it('are one folder each, with a profile of its name', () => {
    const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual(PROFILES.map(({ kind }) => kind).sort());
    for (const { name } of folders) {
      expect(readdirSync(join(import.meta.dirname, name))).toContain(`${name}.profile.ts`);
    }
  });

  it.each(PROFILES.map((profile) => [profile.kind, profile] as const))(
    '%s has what a vendor needs',
    (kind, profile) => {
      const upper = kind.replaceAll('-', '_').toUpperCase();
      expect(profile.environment.apiKey).toContain(`${upper}_API_KEY`);
      expect(profile.environment.baseUrl).toContain(`${upper}_BASE_URL`);
      expect(profile.endpoints.models).toBeDefined();
      expect(
        profile.endpoints.embeddings === undefined || profile.embeddings !== undefined || kind === 'openrouter',
      ).toBe(true);
      const options = Object.fromEntries(
        (profile.options ?? []).map(({ name, fallback }) => [name, fallback ?? 'us-east-1']),
      );
      const url = ownBaseUrl(profile, options) ?? 'https://host.example/v1';
      expect(() => new URL(url)).not.toThrow();
      const target = aTarget(kind, url, { options, secret: 's' });
      const adapter = adapters.for(target.backend);
      expect(adapter.profile.kind).toBe(kind);
      for (const format of adapter.formats(target)) {
        for (const stream of [false, true]) expect(adapter.generatePath(target, format, stream)).toMatch(/^\/[^{}]+$/);
      }
      expect(adapter.proofRequest(target)).toMatchObject({ path: expect.stringMatching(/^\/[^{}]+$/) as string });
    },
  );

  it('share no environment variable', () => {
    const names = PROFILES.flatMap(({ environment }) => [...environment.apiKey, ...environment.baseUrl]);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('paths', () => {
  it.each([
    ['openai', 'https://api.openai.com/v1', 'openai-chat', '/v1/chat/completions'],
    ['openai', 'https://proxy.example/openai/v1', 'openai-responses', '/openai/v1/responses'],
    ['openai-compatible', 'http://host:8000/v1', 'openai-chat', '/v1/chat/completions'],
    ['mistral', 'https://api.mistral.ai', 'openai-chat', '/v1/chat/completions'],
    ['mistral', 'https://api.mistral.ai/v1', 'openai-chat', '/v1/chat/completions'],
    ['groq', 'https://api.groq.com', 'openai-chat', '/openai/v1/chat/completions'],
    ['groq', 'https://api.groq.com/openai/v1', 'openai-chat', '/openai/v1/chat/completions'],
    ['anthropic', 'https://api.anthropic.com', 'anthropic-messages', '/v1/messages'],
    ['anthropic', 'https://api.anthropic.com/v1', 'anthropic-messages', '/v1/messages'],
    ['deepseek', 'https://api.deepseek.com/v1', 'anthropic-messages', '/anthropic/v1/messages'],
    ['zai', 'https://api.z.ai/api/paas/v4', 'openai-chat', '/api/paas/v4/chat/completions'],
    ['zai', 'https://api.z.ai/api/paas/v4', 'anthropic-messages', '/api/anthropic/v1/messages'],
    ['minimax', 'https://api.minimax.io/v1', 'anthropic-messages', '/anthropic/v1/messages'],
    ['openrouter', 'https://openrouter.ai/api/v1', 'anthropic-messages', '/api/v1/messages'],
    ['fireworks', 'https://api.fireworks.ai/inference/v1', 'anthropic-messages', '/inference/v1/messages'],
    ['ollama', 'http://127.0.0.1:11434', 'openai-chat', '/v1/chat/completions'],
    ['ollama', 'http://127.0.0.1:11434/v1', 'ollama-chat', '/api/chat'],
    ['vllm', 'http://127.0.0.1:8000', 'openai-chat', '/v1/chat/completions'],
    ['cohere', 'https://api.cohere.com', 'cohere-chat', '/v2/chat'],
    ['cohere', 'https://api.cohere.com/v2', 'cohere-chat', '/v2/chat'],
  ] as const)('%s at %s speaks %s at %s', (kind, baseUrl, format, path) => {
    expect(generate(aTarget(kind, baseUrl), format)).toBe(path);
  });

  it('go to the other end for streams where the vendor wants that', () => {
    const gemini = aTarget('gemini', 'https://generativelanguage.googleapis.com', { model: 'gemini-2.5-pro' });
    expect(generate(gemini, 'gemini-generate-content')).toBe('/v1beta/models/gemini-2.5-pro:generateContent');
    expect(generate(gemini, 'gemini-generate-content', true)).toBe(
      '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    );
    const bedrock = aTarget('bedrock', 'https://bedrock-runtime.us-east-1.amazonaws.com', {
      model: 'us.amazon.nova-lite-v1:0',
    });
    expect(generate(bedrock, 'bedrock-converse', true)).toBe('/model/us.amazon.nova-lite-v1%3A0/converse-stream');
  });

  it('speak the one dialect they are told to, and no other', () => {
    const target = aTarget('ollama', 'http://127.0.0.1:11434', { options: { dialect: 'ollama-chat' } });
    const adapter = adapters.for(target.backend);
    expect(adapter.formats(target)).toEqual(['ollama-chat']);
    expect(adapter.generatePath(target, 'openai-chat', false)).toBeNull();
    expect(adapter.formats(aTarget('ollama', 'http://127.0.0.1:11434'))[0]).toBe('openai-chat');
  });

  it('say so when the vendor does not speak a format or offer an endpoint', () => {
    const target = aTarget('anthropic', 'https://api.anthropic.com');
    const adapter = adapters.for(target.backend);
    expect(adapter.generatePath(target, 'openai-chat', false)).toBeNull();
    expect(adapter.countTokensPath(target, 'openai-chat')).toBeNull();
    expect(adapter.endpointPath(target, 'embeddings')).toBeNull();
    expect(adapter.endpointPath(target, 'models')).toBe('/v1/models');
  });

  it.each(['../../secrets', 'a/b', 'a?b=c', 'a#b', 'ä\ud800', 'x:generateContent?key=1', 'a b'])(
    'cannot be led elsewhere by the model name %j',
    (model) => {
      const path = generate(aTarget('gemini', 'https://host.example', { model }), 'gemini-generate-content') ?? '';
      expect(path).toMatch(/^\/v1beta\/models\/[^/?#]+:generateContent$/);
      expect(new URL(path, 'https://host.example').pathname).toBe(path);
    },
  );

  it.each(['', '.', '..'])('refuse %j as a model', (model) => {
    const call = () => generate(aTarget('bedrock', 'https://host.example', { model }), 'bedrock-converse');
    expect(call).toThrow(expect.objectContaining({ kind: 'model_not_found' }));
  });
});

describe('Azure', () => {
  const at = (baseUrl: string, options: Record<string, string> = {}, model = 'gpt-4o') =>
    aTarget('azure', baseUrl, { options, model });
  const host = 'https://res.openai.azure.com';

  it.each([
    [host, {}, '/openai/v1/chat/completions'],
    [`${host}/openai`, {}, '/openai/v1/chat/completions'],
    [`${host}/openai/v1`, { api_version: '2024-10-21' }, '/openai/v1/chat/completions'],
    [host, { api_version: 'preview' }, '/openai/v1/chat/completions?api-version=preview'],
    [host, { api_version: '2024-10-21' }, '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21'],
    [
      host,
      { api_version: '2025-04-01-preview', deployment: 'mine' },
      '/openai/deployments/mine/chat/completions?api-version=2025-04-01-preview',
    ],
  ] as [string, Record<string, string>, string][])('%s with %j is %s', (url, options, path) => {
    expect(generate(at(url, options), 'openai-chat')).toBe(path);
  });

  it('has responses and models beside the deployments', () => {
    const target = at(host, { api_version: '2024-10-21' });
    const adapter = adapters.for(target.backend);
    expect(adapter.generatePath(target, 'openai-responses', true)).toBe('/openai/responses?api-version=2024-10-21');
    expect(adapter.endpointPath(target, 'models')).toBe('/openai/models?api-version=2024-10-21');
    expect(adapter.endpointPath(target, 'embeddings')).toBe(
      '/openai/deployments/gpt-4o/embeddings?api-version=2024-10-21',
    );
    expect(adapter.endpointPath(target, 'rerank')).toBeNull();
  });

  it('speaks to Claude as Anthropic does', async () => {
    const target = { ...at(host, {}, 'claude-sonnet-4-5'), credential: aCredential('k') };
    const adapter = adapters.for(target.backend);
    expect(adapter.formats(target)).toEqual(['anthropic-messages']);
    expect(adapter.generatePath(target, 'openai-chat', false)).toBeNull();
    expect(adapter.generatePath(target, 'anthropic-messages', false)).toBe('/anthropic/v1/messages');
    expect(await headersOf(adapter, target, aRequest({ format: 'anthropic-messages' }))).toMatchObject({
      'x-api-key': 'k',
    });
    expect(await headersOf(adapter, target)).toMatchObject({ 'api-key': 'k' });
  });
});

describe('headers', () => {
  it.each([
    ['openai', 'openai-chat', 'authorization', 'Bearer s'],
    ['anthropic', 'anthropic-messages', 'x-api-key', 's'],
    ['gemini', 'gemini-generate-content', 'x-goog-api-key', 's'],
    ['deepseek', 'anthropic-messages', 'x-api-key', 's'],
    ['moonshot', 'anthropic-messages', 'authorization', 'Bearer s'],
    ['bedrock', 'bedrock-converse', 'authorization', 'Bearer s'],
  ] as const)('of %s prove it by %s', async (kind, format, name, value) => {
    const target = aTarget(kind, 'https://host.example/v1', { secret: 's' });
    const headers = await headersOf(adapters.for(target.backend), target, aRequest({ format }));
    expect(headers).toMatchObject({ [name]: value, 'content-type': 'application/json', 'x-request-id': 'r-1' });
    expect(JSON.stringify(headers).split('"s"').length + JSON.stringify(headers).split(' s"').length).toBe(3);
  });

  it('come at once where the credential is at hand', () => {
    for (const { kind } of PROFILES) {
      const target = aTarget(kind, 'https://host.example/v1', { secret: 's' });
      expect(adapters.for(target.backend).authorize(target, aRequest())).toBeInstanceOf(Array);
    }
  });

  it('carry no proof where there is no credential', async () => {
    const target = aTarget('openai-compatible', 'http://host:8000/v1');
    expect(Object.keys(await headersOf(adapters.for(target.backend), target))).toEqual([
      'content-type',
      'accept-encoding',
      'x-request-id',
    ]);
  });

  it('pass on what the dialect lets its callers say, and nothing else', async () => {
    const target = aTarget('anthropic', 'https://api.anthropic.com', { secret: 's' });
    const callersHeaders = {
      'anthropic-beta': 'b-1',
      'anthropic-version': '2026-10-21',
      'x-api-key': 'callers',
      cookie: 'c',
    };
    const request = aRequest({ format: 'anthropic-messages', callersHeaders });
    expect(await headersOf(adapters.for(target.backend), target, request)).toEqual({
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      'x-request-id': 'r-1',
      'anthropic-beta': 'b-1',
      'anthropic-version': '2026-10-21',
      'x-api-key': 's',
    });
    const plain = await headersOf(adapters.for(target.backend), target, aRequest({ format: 'anthropic-messages' }));
    expect(plain['anthropic-version']).toBe('2023-06-01');
  });

  it('name the organisation and project of OpenAI', async () => {
    const target = aTarget('openai', 'https://api.openai.com/v1', {
      secret: 's',
      options: { organization: 'org-1', project: 'p-1' },
    });
    expect(await headersOf(adapters.for(target.backend), target)).toMatchObject({
      'openai-organization': 'org-1',
      'openai-project': 'p-1',
    });
  });

  it('leave the secret to the URL of vendors who know nothing else', async () => {
    const profile: ProviderProfile = {
      ...(profileOf('openai') as ProviderProfile),
      auth: { by: 'query', name: 'key' },
    };
    const adapter = new ProfileAdapter(profile);
    const target = aTarget('openai', 'https://host.example/v1', { secret: 'a&b' });
    expect(adapter.generatePath(target, 'openai-chat', false)).toBe('/v1/chat/completions?key=a%26b');
    expect(await headersOf(adapter, target)).not.toHaveProperty('authorization');
  });
});

describe('Vertex', () => {
  const options = { project: 'my-project', location: 'us-east5' };
  const target = (model: string, secret?: string): Target =>
    aTarget('vertex', 'https://us-east5-aiplatform.googleapis.com', {
      model,
      options,
      ...(secret !== undefined && { secret }),
    });
  const account = { type: 'service_account', client_email: 'a@b', private_key: '-----BEGIN PRIVATE KEY-----\nx\n' };

  it.each([
    ['gemini-2.5-pro', 'gemini-generate-content', '/publishers/google/models/gemini-2.5-pro:generateContent'],
    [
      'claude-sonnet-4-5@20250929',
      'anthropic-messages',
      '/publishers/anthropic/models/claude-sonnet-4-5%4020250929:rawPredict',
    ],
    ['meta/llama-4', 'openai-chat', '/endpoints/openapi/chat/completions'],
  ] as const)('speaks to %s in %s', (model, format, path) => {
    const adapter = new VertexAdapter();
    expect(adapter.formats(target(model))).toEqual([format]);
    expect(adapter.generatePath(target(model), format, false)).toBe(
      `/v1/projects/my-project/locations/us-east5${path}`,
    );
  });

  it('keeps the model out of Claude’s body, and the version in it', () => {
    const adapter = new VertexAdapter();
    expect(adapter.bodyRules('anthropic-messages', 'generate')).toEqual({
      namesModel: false,
      fields: { anthropic_version: 'vertex-2023-10-16' },
    });
    expect(adapter.bodyRules('anthropic-messages', 'count-tokens').namesModel).toBe(true);
    expect(adapter.bodyRules('gemini-generate-content', 'generate').fields).toEqual({});
  });

  it.each([
    ['global', 'https://aiplatform.googleapis.com'],
    ['us-central1', 'https://us-central1-aiplatform.googleapis.com'],
    ['eu', 'https://aiplatform.eu.rep.googleapis.com'],
  ])('is in %s at %s', (location, url) => {
    expect(ownBaseUrl(profileOf('vertex') as ProviderProfile, { location })).toBe(url);
  });

  it('fetches a token once for all calls, waits for it once, and then has it at hand', async () => {
    const asked: unknown[] = [];
    const adapter = new VertexAdapter((who) => async () => {
      asked.push(who);
      await Promise.resolve();
      return { token: `t${asked.length}`, expiresAtMs: Date.now() + 3_600_000 };
    });
    for (const secret of [JSON.stringify(account), Buffer.from(JSON.stringify(account)).toString('base64')]) {
      asked.length = 0;
      const both = await Promise.all([
        adapter.authorize(target('m', secret), aRequest()),
        adapter.authorize(target('m', secret), aRequest()),
      ]);
      for (const headers of both) expect(headers.slice(-2)).toEqual(['authorization', 'Bearer t1']);
      expect(adapter.authorize(target('m', secret), aRequest())).toBeInstanceOf(Array);
      expect(asked).toEqual([account]);
    }
  });

  it('is whoever the machine is without a credential', async () => {
    const adapter = new VertexAdapter(
      (who) => () => Promise.resolve({ token: who === null ? 'machine' : 'other', expiresAtMs: null }),
    );
    expect(await headersOf(adapter, target('m'))).toMatchObject({ authorization: 'Bearer machine' });
  });

  it('takes access tokens and API keys as they are, and no account that names places to fetch tokens from', async () => {
    const adapter = new VertexAdapter(() => () => Promise.reject(new Error('not to be asked')));
    expect(await headersOf(adapter, target('m', 'ya29.abc'))).toMatchObject({ authorization: 'Bearer ya29.abc' });
    expect(await headersOf(adapter, target('m', 'AIzaKey'))).toMatchObject({ 'x-goog-api-key': 'AIzaKey' });
    const external = Buffer.from(JSON.stringify({ type: 'external_account', token_url: 'http://evil' })).toString(
      'base64',
    );
    expect(await headersOf(adapter, target('m', external))).toHaveProperty('x-goog-api-key');
  });

  it('uses a token that is still good while the next cannot be had, and says so when none is', async () => {
    let now = 0;
    let failing = false;
    const token = new GoogleToken(
      () => (failing ? Promise.reject(new Error('away')) : Promise.resolve({ token: 't', expiresAtMs: 600_000 })),
      () => now,
    );
    expect(await token.value()).toBe('t');
    failing = true;
    now = 299_000;
    expect(token.value()).toBe('t');
    now = 400_000;
    expect(await token.value()).toBe('t');
    expect(token.value()).toBe('t');
    now = 700_000;
    await expect(token.value()).rejects.toMatchObject({ kind: 'upstream_error' });
    failing = false;
    now = 704_999;
    expect(() => token.value()).toThrow(expect.objectContaining({ kind: 'upstream_error' }));
    now = 705_000;
    expect(await token.value()).toBe('t');
  });
});

describe('Bedrock', () => {
  const options = { region: 'eu-west-1' };
  const url = 'https://bedrock-runtime.eu-west-1.amazonaws.com';
  const at = new Date('2026-11-01T12:00:00Z');

  it('signs with an access key, over the body and every header', async () => {
    const adapter = new BedrockAdapter(undefined, () => at);
    const target = aTarget('bedrock', url, { options, secret: 'AKID:SECRET:TOKEN', model: 'a.b-v1:0' });
    const path = adapter.generatePath(target, 'bedrock-converse', false) ?? '';
    const sign = (body: string) =>
      headersOf(adapter, target, aRequest({ format: 'bedrock-converse', path, body: Buffer.from(body) }));
    const headers = await sign('{"a":1}');
    expect(headers).toMatchObject({
      'x-amz-date': '20261101T120000Z',
      'x-amz-security-token': 'TOKEN',
      'x-request-id': 'r-1',
    });
    expect(headers).not.toHaveProperty('host');
    expect(headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/20261101\/eu-west-1\/bedrock\/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-request-id, Signature=[0-9a-f]{64}$/,
    );
    expect((await sign('{"a":2}'))['authorization']).not.toBe(headers['authorization']);
    expect((await sign('{"a":1}'))['authorization']).toBe(headers['authorization']);
  });

  it('asks who the machine is where there is no credential, by profile where one is named', async () => {
    const asked: (string | undefined)[] = [];
    const adapter = new BedrockAdapter((profile) => {
      asked.push(profile);
      return () => Promise.resolve({ accessKeyId: 'MACHINE', secretAccessKey: 'x' });
    });
    for (let call = 0; call < 2; call += 1) {
      const target = aTarget('bedrock', url, { options: { ...options, profile: 'team' } });
      expect((await headersOf(adapter, target))['authorization']).toContain('Credential=MACHINE/');
    }
    expect(asked).toEqual(['team']);
  });

  it('says that it has no credentials instead of failing unforeseen', async () => {
    const adapter = new BedrockAdapter(() => () => Promise.reject(new Error('no identity')));
    await expect(adapter.authorize(aTarget('bedrock', url, { options }), aRequest())).rejects.toMatchObject({
      kind: 'upstream_error',
    });
  });

  it('lists models at the other host', () => {
    const adapter = new BedrockAdapter();
    expect(adapter.proofRequest(aTarget('bedrock', url, { options }))).toEqual({
      origin: 'https://bedrock.eu-west-1.amazonaws.com',
      path: '/foundation-models',
    });
    expect(adapter.proofRequest(aTarget('bedrock', 'http://127.0.0.1:9', { options }))?.origin).toBe(
      'http://127.0.0.1:9',
    );
  });

  it('signs as AWS documents it', async () => {
    // Worked out step by step from the documentation of Signature Version 4, with OpenSSL.
    const headers = await signedHeaders(
      {
        method: 'POST',
        origin: 'https://h.example',
        path: '/model/a%3A0/converse',
        headers: { 'content-type': 'application/json' },
        body: Buffer.from('{}'),
      },
      {
        credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
        region: 'us-east-1',
      },
      at,
    );
    expect(headers['authorization']).toContain(
      'Signature=84e890af7edab267e9fff21f398d2d24fadfb2e4af003ff0bb4dd85bc77e75ac',
    );
  });
});
