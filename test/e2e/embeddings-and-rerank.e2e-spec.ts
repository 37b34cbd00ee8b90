import { GoogleGenAI } from '@google/genai';
import { CohereClient, CohereClientV2 } from 'cohere-ai';
import OpenAI from 'openai';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import { answerJson, type ReceivedCall, ScriptedUpstream } from '../support/scripted-upstream.js';
import { allRecords } from '../support/usage-records.js';

// Google's SDK hands `fetch` a dispatcher that it looks for on the global object, where the test runner's sandbox has none.
const ownFetch = globalThis.fetch;
globalThis.fetch = (input, init) => ownFetch(input, { ...init, dispatcher: undefined } as object as RequestInit);

const DOCUMENTS = ['Carson City', 'Washington, D.C.', 'Saipan'];
const RESULTS = [
  { index: 1, relevance_score: 0.9 },
  { index: 0, relevance_score: 0.25 },
];

/** Vectors that are the same in 32 and 64 bits: each input's place and length. */
const vector = (index: number): number[] => [index + 0.5, 0.25, -1];

/** What each vendor answers, in its documents' words; 11 tokens everywhere. */
function answerTo({ path, body }: ReceivedCall): unknown {
  if (path.includes(':batchEmbedContents')) {
    const embeddings = (body['requests'] as unknown[]).map((_one, index) => ({ values: vector(index) }));
    return { embeddings, usageMetadata: { promptTokenCount: 11 } };
  }
  if (path === '/v2/embed' || path.includes('cohere.embed')) {
    const float = ((body['texts'] ?? body['inputs']) as unknown[]).map((_one, index) => vector(index));
    const told = { id: 'emb-1', embeddings: { float }, texts: body['texts'], response_type: 'embeddings_by_type' };
    const meta = { api_version: { version: '2' }, billed_units: { input_tokens: 11 } };
    return path === '/v2/embed' ? { ...told, meta } : told;
  }
  if (path.includes('titan'))
    return { embedding: vector(0), embeddingsByType: { float: vector(0) }, inputTextTokenCount: 11 };
  if (path === '/v2/rerank') {
    return { id: 'rr-1', results: RESULTS, meta: { api_version: { version: '2' }, billed_units: { search_units: 2 } } };
  }
  if (path === '/v1/rerank') {
    return { id: 'rr-2', model: 'up', results: RESULTS, usage: { prompt_tokens: 40, total_tokens: 40 } };
  }
  return openAiAnswer(body);
}

function openAiAnswer(body: Record<string, any>): unknown {
  const inputs = Array.isArray(body['input']) ? body['input'] : [body['input']];
  const written = (index: number): unknown =>
    body['encoding_format'] === 'base64'
      ? Buffer.from(Float32Array.from(vector(index)).buffer).toString('base64')
      : vector(index);
  return {
    object: 'list',
    data: inputs.map((_one, index) => ({ object: 'embedding', index, embedding: written(index) })),
    model: 'up',
    usage: { prompt_tokens: 11, total_tokens: 11 },
  };
}

describe('embeddings and reranking', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let key: string;
  let openai: OpenAI;
  /** A registered provider of Cohere's kind. */
  let vendor: string;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    const env = {
      OMNI_HEALTH_CHECKS: 'false',
      OMNI_URL_ALLOW_LIST: '127.0.0.1',
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      GEMINI_API_KEY: 'g-test',
      GEMINI_BASE_URL: upstream.url,
      COHERE_API_KEY: 'co-test',
      COHERE_BASE_URL: upstream.url,
      BEDROCK_API_KEY: 'bedrock-test',
      BEDROCK_REGION: 'eu-central-1',
      BEDROCK_BASE_URL: upstream.url,
      VLLM_BASE_URL: upstream.url,
      ANTHROPIC_API_KEY: 'sk-ant',
      ANTHROPIC_BASE_URL: upstream.url,
    };
    gateway = await GatewayProcess.start({ env });
    ({ key } = await gateway.key());
    const { id } = await gateway.manage('POST', '/providers', { name: 'co', kind: 'cohere', base_url: upstream.url });
    await gateway.manage('POST', `/providers/${id}/credentials`, { label: 'only', secret: 'co-2' });
    vendor = id;
    openai = new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });
  beforeEach(() => {
    upstream.calls.length = 0;
    upstream.will((call, response) => {
      const headers = call.path.includes('cohere.embed') ? { 'x-amzn-bedrock-input-token-count': '11' } : {};
      answerJson(response, 200, answerTo(call), headers);
    });
  });

  const post = (path: string, body: unknown, headers: Record<string, string> = {}, secret = key): Promise<Response> =>
    fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const recordOf = (id: string) =>
    eventually(async () => (await allRecords(gateway)).find(({ request_id }) => request_id === id), 10_000);

  const TWO = ['openai/up', 'gemini/up', 'cohere/up', 'bedrock/cohere.embed-v4:0'];
  const PATHS = ['/v1/embeddings', ':batchEmbedContents', '/v2/embed', '/model/cohere.embed-v4%3A0/invoke'];

  it.each(TWO.map((model, at) => [model, PATHS[at] ?? '']))(
    'gives the openai SDK the vectors of %s',
    async (model, path) => {
      for (const more of [{}, { encoding_format: 'float' as const }]) {
        const { data, response } = await openai.embeddings
          .create({ model, input: ['first', 'second'], dimensions: 3, ...more })
          .withResponse();
        expect(data.data).toEqual([
          { object: 'embedding', index: 0, embedding: Array.from(vector(0)) },
          { object: 'embedding', index: 1, embedding: Array.from(vector(1)) },
        ]);
        expect({ model: data.model, usage: data.usage, loss: response.headers.get('x-omni-loss') }).toEqual({
          model,
          usage: { prompt_tokens: 11, total_tokens: 11 },
          loss: null,
        });
        const record = await recordOf(response.headers.get('x-request-id') ?? '');
        expect(record).toMatchObject({
          path: '/v1/embeddings',
          outcome: 'ok',
          prompt_tokens: 11,
          completion_tokens: 0,
          total_tokens: 11,
          usage_source: 'upstream',
          stream: false,
        });
      }
      const [call] = upstream.calls as [ReceivedCall];
      expect(call.path).toContain(path);
      expect(JSON.stringify(call.headers)).not.toContain(key);
      expect(call.text).not.toContain(model);
    },
  );

  it('gives the openai SDK the one vector of Titan, and refuses it two', async () => {
    const model = 'bedrock/amazon.titan-embed-text-v2:0';
    const one = await openai.embeddings.create({ model, input: 'first', dimensions: 256 });
    expect(one.data[0]?.embedding).toEqual(Array.from(vector(0)));
    expect(one.usage.prompt_tokens).toBe(11);
    expect(upstream.calls[0]).toMatchObject({
      path: '/model/amazon.titan-embed-text-v2%3A0/invoke',
      body: { inputText: 'first', dimensions: 256 },
    });
    await expect(openai.embeddings.create({ model, input: ['a', 'b'] })).rejects.toMatchObject({
      status: 400,
      param: 'input',
    });
    expect(upstream.calls).toHaveLength(1);
  });

  it('passes bytes on where caller and provider speak the same, but for the names of the model and its own fields', async () => {
    const text = '{"model":"openai/up", "omni_metadata":{"team":"a"}, "input":[1, 2,3], "unknown":1.50}';
    const response = await post('/v1/embeddings', text);
    expect(upstream.calls[0]?.text).toBe('{"model":"up", "input":[1, 2,3], "unknown":1.50}');
    expect(((await response.json()) as { model: string }).model).toBe('openai/up');
    expect((await recordOf(response.headers.get('x-request-id') ?? '')).metadata).toEqual({ team: 'a' });
  });

  it('makes base64 where a server writes floats whatever it is asked for', async () => {
    upstream.will(({ body }, response) =>
      answerJson(response, 200, openAiAnswer({ ...body, encoding_format: 'float' })),
    );
    const response = await post('/v1/embeddings', { model: 'openai/up', input: 'a', encoding_format: 'base64' });
    const { data } = (await response.json()) as { data: { embedding: string }[] };
    expect([...new Float32Array(Uint8Array.from(Buffer.from(data[0]?.embedding ?? '', 'base64')).buffer)]).toEqual(
      vector(0),
    );
  });

  it('adds a model’s default parameters in the words of the target', async () => {
    await gateway.model('small-vectors', [], {
      model_id: 'embed-v4.0',
      default_params: { dimensions: 512, input_type: 'query' },
      backends: [{ provider_id: vendor }],
    });
    await openai.embeddings.create({ model: 'small-vectors', input: 'a' });
    expect(upstream.calls[0]?.body).toMatchObject({
      model: 'embed-v4.0',
      output_dimension: 512,
      input_type: 'search_query',
    });
  });

  it('serves the cohere-ai SDK: embeddings of Cohere’s own and of others', async () => {
    const cohere = new CohereClientV2({ token: key, environment: gateway.url });
    for (const model of ['cohere/up', 'openai/up', 'gemini/up']) {
      const heard = await cohere.embed({
        model,
        texts: ['a', 'b'],
        inputType: 'search_document',
        embeddingTypes: ['float'],
      });
      expect(heard.embeddings.float).toEqual([vector(0), vector(1)]);
      expect({ texts: heard.texts, tokens: heard.meta?.billedUnits?.inputTokens }).toEqual({
        texts: ['a', 'b'],
        tokens: 11,
      });
    }
    expect(upstream.calls[1]?.body).toEqual({ model: 'up', input: ['a', 'b'], encoding_format: 'float' });
    expect(upstream.calls[2]?.body['requests'][0]).toMatchObject({ taskType: 'RETRIEVAL_DOCUMENT' });
  });

  it('serves Google’s SDK: embeddings of Gemini and of others', async () => {
    const google = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: gateway.url } });
    for (const model of ['gemini/up', 'openai/up']) {
      const heard = await google.models.embedContent({
        model,
        contents: ['a', 'b'],
        config: { outputDimensionality: 3 },
      });
      expect(heard.embeddings?.map(({ values }) => values)).toEqual([vector(0), vector(1)]);
    }
    const single = await post('/v1beta/models/gemini/up:embedContent', { content: { parts: [{ text: 'a' }] } });
    expect(await single.json()).toEqual({ embedding: { values: vector(0) }, usageMetadata: { promptTokenCount: 11 } });
    expect(upstream.calls.map(({ path }) => path)).toEqual([
      '/v1beta/models/up:batchEmbedContents',
      '/v1/embeddings',
      '/v1beta/models/up:batchEmbedContents',
    ]);
  });

  it('serves the cohere-ai SDK: reranking by Cohere and by servers of Jina’s format', async () => {
    const v2 = new CohereClientV2({ token: key, environment: gateway.url });
    const v1 = new CohereClient({ token: key, environment: gateway.url });
    const ask = { query: 'capital of the US', documents: DOCUMENTS, topN: 2 };
    for (const model of ['cohere/up', 'vllm/up']) {
      const heard = await v2.rerank({ model, ...ask });
      expect(heard.results).toEqual([
        { index: 1, relevanceScore: 0.9 },
        { index: 0, relevanceScore: 0.25 },
      ]);
      const first = await v1.rerank({ model, ...ask, returnDocuments: true });
      expect(first.results[0]).toMatchObject({ index: 1, relevanceScore: 0.9 });
    }
    expect(upstream.calls.map(({ path }) => path)).toEqual(['/v2/rerank', '/v2/rerank', '/v1/rerank', '/v1/rerank']);
    for (const { body } of upstream.calls) expect(body).toMatchObject({ model: 'up', documents: DOCUMENTS, top_n: 2 });
  });

  it('puts back the documents a reranker does not repeat, and records its searches beside counted tokens', async () => {
    const body = { model: 'cohere/up', query: 'capital?', documents: DOCUMENTS, return_documents: true };
    const response = await post('/v1/rerank', body);
    const heard = (await response.json()) as { model: string; results: { document: unknown }[] };
    expect(heard.model).toBe('cohere/up');
    expect(heard.results.map(({ document }) => document)).toEqual([
      { text: 'Washington, D.C.' },
      { text: 'Carson City' },
    ]);
    expect(await recordOf(response.headers.get('x-request-id') ?? '')).toMatchObject({
      usage_source: 'counted',
      usage_details: { searchUnits: 2 },
      completion_tokens: 0,
    });
    const jina = await post('/v2/rerank', { model: 'vllm/up', query: 'q', documents: DOCUMENTS });
    expect(await recordOf(jina.headers.get('x-request-id') ?? '')).toMatchObject({
      usage_source: 'upstream',
      prompt_tokens: 40,
    });
  });

  it('charges by prices and holds budgets: tokens, and searches one by one', async () => {
    await gateway.manage('POST', '/prices', { model: 'priced-embed', input: '1000000', output: '0' });
    await gateway.manage('POST', '/prices', { model: 'priced-rerank', input: '0', output: '0', per_request: '2' });
    await gateway.model('priced-embed', [`${upstream.url}/v1`], { model_id: 'priced-embed' });
    await gateway.model('priced-rerank', [], { backends: [{ provider_id: vendor }], model_id: 'priced-rerank' });
    // Eleven tokens at a dollar each; the estimate of this call is three.
    const embed = await gateway.key({ daily_budget: 13 });
    const ask = { model: 'priced-embed', input: [1, 2, 3] };
    const first = await post('/v1/embeddings', ask, {}, embed.key);
    expect([first.status, first.headers.get('x-omni-cost-usd')]).toEqual([200, '11']);
    const second = await post('/v1/embeddings', ask, {}, embed.key);
    expect(second.status).toBe(402);
    expect(((await second.json()) as { error: { code: string } }).error.code).toBe('budget_exceeded');
    expect(upstream.calls).toHaveLength(1);

    // Two searches at two dollars.
    const rerank = await gateway.key({ daily_budget: 5 });
    const question = { model: 'priced-rerank', query: 'q', documents: DOCUMENTS };
    const sorted = await post('/v2/rerank', question, {}, rerank.key);
    expect([sorted.status, sorted.headers.get('x-omni-cost-usd')]).toEqual([200, '4']);
    const refused = await post('/v2/rerank', question, {}, rerank.key);
    expect(refused.status).toBe(402);
    expect(await refused.json()).toEqual({ id: expect.any(String), message: expect.stringContaining('budget') });
    // A hundred documents are one search, a hundred and one are two: more than is left before the first call is made.
    const fresh = await gateway.key({ daily_budget: 3 });
    const many = { ...question, documents: Array.from({ length: 101 }, () => 'd') };
    expect((await post('/v2/rerank', many, {}, fresh.key)).status).toBe(402);
    expect((await post('/v2/rerank', { ...many, documents: many.documents.slice(1) }, {}, fresh.key)).status).toBe(200);
  });

  it('holds limits of tokens by its estimate: ids one by one, and a question once with each document', async () => {
    const limited = async (path: string, body: object): Promise<number> => {
      const { key: ten } = await gateway.key({ tpm_limit: 10 });
      return (await post(path, body, {}, ten)).status;
    };
    const ids = (count: number): object => ({ model: 'openai/up', input: Array.from({ length: count }, () => 1) });
    expect(await limited('/v1/embeddings', ids(10))).toBe(200);
    expect(await limited('/v1/embeddings', ids(11))).toBe(429);
    const question = { model: 'vllm/up', query: 'four', documents: ['a', 'b'] };
    expect(await limited('/v2/rerank', question)).toBe(200);
    expect(await limited('/v2/rerank', { ...question, query: 'x'.repeat(20) })).toBe(429);
    expect(upstream.calls).toHaveLength(2);
  });

  it('names what is lost, and refuses to lose it where the caller is strict', async () => {
    const body = { model: 'openai/up', texts: ['a'], input_type: 'search_query', embedding_types: ['int8'] };
    const lossy = await post('/v2/embed', body);
    expect(lossy.headers.get('x-omni-loss')).toContain("encodings: the target has no 'int8'");
    expect(((await lossy.json()) as { embeddings: object }).embeddings).toEqual({ float: [vector(0)] });
    const strict = await post('/v2/embed', body, { 'x-omni-strict': 'true' });
    expect(strict.status).toBe(400);
    expect(upstream.calls).toHaveLength(1);
  });

  it('says errors in the words of each dialect', async () => {
    const refusals = await Promise.all([
      post('/v1/embeddings', { model: 'openai/up' }),
      post('/v2/embed', { model: 'openai/up' }),
      post('/v1/rerank', { model: 'openai/up', query: 'q', documents: ['a'] }),
      post('/v1beta/models/gemini/up:embedContent', {}),
      post('/v1/embeddings', { model: 'anthropic/up', input: 'a' }),
      post('/v1/embeddings', { model: 'nobody', input: 'a' }),
    ]);
    const bodies = (await Promise.all(refusals.map((response) => response.json()))) as any[];
    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 502, 400, 502, 404]);
    expect(bodies[0].error).toMatchObject({ type: 'invalid_request_error', param: 'input' });
    expect(bodies[1]).toEqual({ id: expect.any(String), message: expect.stringContaining("'texts'") });
    expect(bodies[2].error.message).toContain('does not speak');
    expect(bodies[3].error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
    expect(upstream.calls).toHaveLength(0);

    upstream.will((_call, response) => answerJson(response, 400, { message: 'invalid input_type' }));
    const told = await post('/v1/embeddings', { model: 'cohere/up', input: 'a' });
    expect([told.status, ((await told.json()) as any).error.message]).toEqual([400, 'invalid input_type']);
    upstream.will((_call, response) => answerJson(response, 200, { error: { message: 'out of memory', code: 500 } }));
    expect((await post('/v1/embeddings', { model: 'openai/up', input: 'a' })).status).toBe(502);
    upstream.will((_call, response) => answerJson(response, 200, '<html>'));
    expect((await post('/v1/embeddings', { model: 'openai/up', input: 'a' })).status).toBe(502);
    upstream.will((_call, response) =>
      answerJson(response, 429, { id: 'x', message: 'trial key, limited' }, { 'retry-after': '7' }),
    );
    const limited = await post('/v1/embeddings', { model: 'cohere/up', input: 'a' });
    expect(limited.status).toBe(502);
  });

  it('asks another backend where the first fails', async () => {
    const broken = await ScriptedUpstream.start();
    broken.will((_call, response) => answerJson(response, 500, { error: { message: 'broken' } }));
    await gateway.manage('POST', '/models', {
      name: 'two-homes',
      model_id: 'up',
      backends: [
        { url: `${broken.url}/v1`, priority: 0 },
        { url: `${upstream.url}/v1`, priority: 1 },
      ],
    });
    const response = await post('/v1/embeddings', { model: 'two-homes', input: 'a' });
    expect([response.status, response.headers.get('x-omni-attempts'), broken.calls.length]).toEqual([200, '2', 1]);
    await broken.close();
  });

  it('abandons the upstream when the caller hangs up, and counts the prompt', async () => {
    upstream.willHang();
    const leave = new AbortController();
    const answer = fetch(`${gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-request-id': 'left-early' },
      body: JSON.stringify({ model: 'openai/up', input: 'a text of some length' }),
      signal: leave.signal,
    });
    const [call] = await upstream.received(1);
    leave.abort();
    await expect(answer).rejects.toThrow();
    await call?.abandoned;
    expect(await recordOf('left-early')).toMatchObject({
      outcome: 'hung_up',
      status: 499,
      usage_source: 'counted',
      prompt_tokens: 6,
    });
  });
});
