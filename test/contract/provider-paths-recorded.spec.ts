import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FormatId } from '../../libs/protocol/index.js';
import { ProviderAdapters } from '../../src/providers/provider-adapters.js';
import { ownBaseUrl } from '../../src/providers/provider-profile.js';
import { profileOf } from '../../src/providers/profiles.js';
import { backendAddress } from '../../src/registry/backend-address.js';
import type { BackendEntry } from '../../src/registry/snapshot.js';
import { haveRecordings, type Json, RECORDINGS } from './recorded-usage.js';

const FORMATS: Record<string, FormatId> = {
  'openai.chat': 'openai-chat',
  'azure.chat': 'openai-chat',
  'groq.chat': 'openai-chat',
  'deepseek.chat': 'openai-chat',
  'mistral.chat': 'openai-chat',
  'openai.responses': 'openai-responses',
  'anthropic.messages': 'anthropic-messages',
  'anthropic.count_tokens': 'anthropic-messages',
  'gemini.generateContent': 'gemini-generate-content',
  'gemini.countTokens': 'gemini-generate-content',
  'bedrock.converse': 'bedrock-converse',
  'cohere.chat': 'cohere-chat',
  'ollama.chat': 'ollama-chat',
};
const ENDPOINT_OF: Record<string, 'embeddings' | 'rerank' | 'models' | 'images/generations'> = {
  'openai.embeddings': 'embeddings',
  'cohere.rerank': 'rerank',
  'openai.images': 'images/generations',
};
/** Hosts that are no vendor of ours, or a place the recorder chose. */
const NOT_OURS =
  /^(?:bedrock-mantle|cerebras|databricks|doubleword|gpustack|huggingface|perplexity|snowflake|voyage|lmstudio)$/;

const PROOFS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'];

interface Recorded {
  readonly id: string;
  readonly kind: string;
  readonly wire: string;
  readonly host: string;
  readonly path: string;
  readonly body: Json;
  readonly headers: Record<string, string>;
  readonly stream: boolean;
}

function recorded(): Recorded[] {
  const files = readdirSync(RECORDINGS, { recursive: true, encoding: 'utf8' }).filter((file) => file.includes('/'));
  return files.flatMap((file) => {
    const { wire, provider, request, stream } = JSON.parse(readFileSync(join(RECORDINGS, file), 'utf8')) as Json;
    if (!request?.path || (FORMATS[wire] === undefined && ENDPOINT_OF[wire] === undefined)) return [];
    if (NOT_OURS.test(provider as string) || (wire === 'openai.chat' && provider === 'gemini')) return [];
    const host = (request.host ?? 'host.local') as string;
    return [
      {
        id: file,
        kind: provider,
        wire,
        host,
        path: request.path,
        body: request.body,
        headers: request.headers ?? {},
        stream,
      },
    ];
  });
}

/** The model stands in the path of some, in the body of others. */
function modelOf({ path, body }: Recorded): string {
  const inPath = /\/(?:models?|deployments)\/([^/:?]+(?:%3A[^/:?]+|:\d+)?)(?:[:/?]|$)/.exec(path)?.[1];
  return inPath === undefined || inPath === 'chat'
    ? ((body?.model as string | undefined) ?? 'm')
    : decodeURIComponent(inPath);
}

function backendFor(call: Recorded, options: Record<string, string>): BackendEntry {
  const profile = profileOf(call.kind);
  if (profile === undefined) throw new Error(`no profile of ${call.kind}`);
  const baseUrl = call.kind === 'azure' ? `https://${call.host}` : (ownBaseUrl(profile, options) ?? '');
  const provider = { id: 'p', name: call.kind, kind: call.kind, baseUrl, options, active: true, credentials: [] };
  return {
    id: 'b',
    modelId: 'm',
    url: baseUrl,
    ...backendAddress(baseUrl, 'provider'),
    weight: 1,
    priority: 0,
    provider,
    timeouts: {},
    urlFrom: 'administrator',
  };
}

function optionsOf({ path, host }: Recorded): Record<string, string> {
  const [, project, location] = /\/projects\/([^/]+)\/locations\/([^/]+)/.exec(path) ?? [];
  const region = /bedrock-runtime\.([a-z0-9-]+)\./.exec(host)?.[1] ?? 'us-east-1';
  const version = /\/deployments\/.*[?&]api-version=([^&]+)/.exec(path)?.[1];
  const account = /\/accounts\/([^/]+)/.exec(path)?.[1];
  return {
    region,
    ...(project !== undefined && { project }),
    ...(location !== undefined && { location }),
    ...(version !== undefined && { api_version: version }),
    ...(account !== undefined && { account_id: account }),
  };
}

/** What recorders and clients write differently without meaning anything else. */
function normal(path: string): string {
  return decodeURIComponent(path)
    .replace(/^\/+/, '/')
    .replace(/^\/v1beta1\/projects/, '/v1/projects')
    .replace(/[?&](?:alt=sse|beta=true|key=[^&]*|\$alt=[^&]*)/g, '')
    .replace(/\?$/, '');
}

(haveRecordings ? describe : describe.skip)('paths and proofs of providers, as recorded from real clients', () => {
  const adapters = new ProviderAdapters();
  // Azure's model inference API, a host without deployments, and one kept without its query are other products.
  const elsewhere = /^\/models\/chat|^\/chat\/completions$|deployments\/[^?]*$/;
  const calls = haveRecordings
    ? recorded().filter(({ kind, path }) => !/REDACTED|</.test(path) && (kind !== 'azure' || !elsewhere.test(path)))
    : [];

  it('are there for most vendors', () => {
    expect(new Set(calls.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(14);
  });

  it.each(calls.map((call) => [call.id, call] as const))('%s', (_id, call) => {
    const backend = backendFor(call, optionsOf(call));
    const adapter = adapters.for(backend);
    const target = { backend, credential: null, model: modelOf(call) };
    const endpoint = ENDPOINT_OF[call.wire];
    const format = FORMATS[call.wire];
    const path =
      endpoint !== undefined
        ? adapter.endpointPath(target, endpoint)
        : /count/i.test(call.wire)
          ? adapter.countTokensPath(target, format!)
          : adapter.generatePath(target, format!, call.stream || /:stream/.test(call.path));
    if (format !== undefined) expect(adapter.formats(target)).toContain(format);
    expect(normal(path ?? '')).toBe(normal(call.path));
    const known = !/^(?:ollama|vllm|llamacpp|azure)$/.test(call.kind) && !/[<\[]/.test(call.host);
    if (known && call.host !== 'host.local' && call.host !== 'api.cohere.ai') {
      expect(new URL(backend.origin).host).toBe(call.host);
    }
  });

  const proven = calls.filter(
    ({ headers, kind }) => kind !== 'vertex' && PROOFS.some((name) => headers[name] !== undefined),
  );

  it.each(proven.map((call) => [call.id, call] as const))('proves itself as in %s', async (_id, call) => {
    const backend = backendFor(call, optionsOf(call));
    const credential = { id: 'c', label: 'l', secret: 's3cret', rpmLimit: null, tpmLimit: null };
    const target = { backend, credential, model: modelOf(call) };
    const format = FORMATS[call.wire] ?? null;
    const request = { method: 'POST' as const, path: call.path, body: Buffer.from('{}'), requestId: 'r', format };
    const sent = await adapters.for(backend).authorize(target, request);
    const names = sent.filter((_text, index) => index % 2 === 0);
    const expected = Object.keys(call.headers).filter((name) => PROOFS.includes(name) || name === 'anthropic-version');
    expect(names).toEqual(expect.arrayContaining(expected));
    expect(new Set(names).size).toBe(names.length);
  });
});
