import { base64OfFloats, type EmbeddingRequest, floatsOfBase64, LossReport } from '../../../libs/protocol/index.js';
import { EMBEDDING_FORMATS } from '../../../libs/wire/index.js';
import { exchangesOf, haveRecordings } from './recorded-exchanges.js';
import { describeWholeFormat, type WholeFormatUnderTest } from './whole-format-contract.js';

const IMAGE = 'data:image/png;base64,AAAA';
const family = Object.values(EMBEDDING_FORMATS) as never;
const under = (id: keyof typeof EMBEDDING_FORMATS, more: object): WholeFormatUnderTest<never, never> =>
  ({ format: EMBEDDING_FORMATS[id], family, origin: { model: 'm' }, ...more }) as never;

describeWholeFormat(
  under('openai-embeddings', {
    sample: {
      request: {
        model: 'text-embedding-3-small',
        input: [
          'The food was delicious',
          [1, 2, 3],
          { text: 'a' },
          { image: IMAGE },
          { content: [{ type: 'text', text: 'b' }] },
        ],
        encoding_format: 'float',
        dimensions: 256,
        input_type: 'passage',
        user: 'user-1',
      },
      answer: {
        object: 'list',
        data: [
          { object: 'embedding', embedding: [0.0023064255, -0.009327292], index: 0 },
          { object: 'embedding', embedding: [0.5, 0.25], index: 1 },
        ],
        model: 'text-embedding-ada-002',
        usage: { prompt_tokens: 8, total_tokens: 8 },
      },
      error: { error: { message: 'Slow down', type: 'tokens', param: null, code: 'rate_limit_exceeded' } },
    },
    recorded: { wire: 'openai.embeddings', is: () => true },
  }),
);

describeWholeFormat(
  under('gemini-embed-content', {
    sample: {
      request: {
        requests: [
          {
            model: 'models/m',
            content: { parts: [{ text: 'What is the meaning of life?' }] },
            taskType: 'RETRIEVAL_DOCUMENT',
            title: 'Life',
            outputDimensionality: 768,
          },
          {
            model: 'models/m',
            content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }, { text: 'a' }] },
            taskType: 'CLUSTERING',
            outputDimensionality: 768,
          },
        ],
      },
      answer: {
        embeddings: [{ values: [0.1, 0.2] }, { values: [0.3, 0.4] }],
        usageMetadata: { promptTokenCount: 8, promptTokenDetails: [{ modality: 'TEXT', tokenCount: 8 }] },
      },
      error: { error: { code: 429, message: 'Quota', status: 'RESOURCE_EXHAUSTED' } },
    },
    recorded: {
      wire: 'gemini.embedContent',
      is: ({ response }: { response: { status: number } }) => response.status === 200,
    },
    // A single request is written as a batch of one, in which the model stands once more.
    asWritten: (body: Record<string, unknown>) => {
      const { content, requests, ...others } = body as { content?: { parts: unknown }; requests?: object[] };
      const list = content === undefined ? (requests ?? []) : [{ ...others, content: { parts: content.parts } }];
      return { requests: list.map((one) => ({ ...one, model: 'models/m' })) };
    },
  }),
);

const COHERE_ANSWER = {
  id: '5807ee2e',
  embeddings: { float: [[0.016, -0.008]], int8: [[3, -4]], base64: ['AACAPwAAAEA='] },
  texts: ['hello'],
  response_type: 'embeddings_by_type',
};

describeWholeFormat(
  under('cohere-embed', {
    sample: {
      request: {
        model: 'embed-v4.0',
        inputs: [
          {
            content: [
              { type: 'text', text: 'hello' },
              { type: 'image_url', image_url: { url: IMAGE, detail: 'low' } },
            ],
          },
          { content: [{ type: 'text', text: 'bye' }] },
        ],
        input_type: 'classification',
        embedding_types: ['float', 'int8', 'base64'],
        output_dimension: 512,
        truncate: 'END',
        max_tokens: 100,
      },
      answer: {
        ...COHERE_ANSWER,
        meta: { api_version: { version: '2' }, billed_units: { input_tokens: 2, image_tokens: 100 } },
      },
      error: { id: 'x', message: 'You are using a Trial key, which is limited' },
    },
    recorded: { wire: 'cohere.embed', is: () => true },
  }),
);

describeWholeFormat(
  under('bedrock-cohere-embed', {
    sample: {
      request: {
        texts: ['hello', 'bye'],
        input_type: 'search_document',
        embedding_types: ['float'],
        truncate: 'RIGHT',
      },
      answer: COHERE_ANSWER,
      error: { message: 'Too many requests, please wait before trying again.' },
    },
  }),
);

describeWholeFormat(
  under('titan-embed', {
    origin: { model: 'amazon.titan-embed-text-v2:0' },
    sample: {
      request: { inputText: 'hello', dimensions: 512, normalize: true, embeddingTypes: ['float', 'binary'] },
      answer: {
        embedding: [0.1, 0.2],
        embeddingsByType: { float: [0.1, 0.2], binary: [1, 0] },
        inputTextTokenCount: 3,
      },
      error: { message: 'Too many requests, please wait before trying again.' },
    },
  }),
);

const encode = (id: keyof typeof EMBEDDING_FORMATS, request: EmbeddingRequest, model = 'm') => {
  const report = new LossReport(request.source, id);
  const { body } = EMBEDDING_FORMATS[id].encodeRequest(request, { report, model });
  return { body, lost: report.summary().reasons.map(({ path }) => path) };
};
const ask = (more: object): EmbeddingRequest =>
  EMBEDDING_FORMATS['openai-embeddings'].decodeRequest({ model: 'm', input: 'hello', ...more });

describe('embeddings between formats', () => {
  it('puts what an OpenAI caller asks into the words of each target', () => {
    const request = ask({ input: ['a', 'b'], dimensions: 512, input_type: 'query', encoding_format: 'base64' });
    expect(encode('gemini-embed-content', request)).toEqual({
      body: {
        requests: ['a', 'b'].map((text) => ({
          model: 'models/m',
          taskType: 'RETRIEVAL_QUERY',
          outputDimensionality: 512,
          content: { parts: [{ text }] },
        })),
      },
      lost: [],
    });
    expect(encode('cohere-embed', request)).toEqual({
      body: {
        model: 'm',
        texts: ['a', 'b'],
        input_type: 'search_query',
        embedding_types: ['float'],
        output_dimension: 512,
      },
      lost: [],
    });
    expect(encode('bedrock-cohere-embed', request).body).not.toHaveProperty('model');
    expect(encode('titan-embed', ask({ dimensions: 256 }))).toEqual({
      body: { inputText: 'hello', dimensions: 256 },
      lost: [],
    });
  });

  it('fills in the purpose that Cohere requires', () => {
    expect(encode('cohere-embed', ask({})).body['input_type']).toBe('search_document');
    expect(encode('cohere-embed', ask({ input: [{ image: IMAGE }] })).body).toMatchObject({
      images: [IMAGE],
      input_type: 'image',
    });
  });

  it('refuses inputs that a target cannot read instead of shifting all that follow', () => {
    const refused = (id: keyof typeof EMBEDDING_FORMATS, more: object) => () => encode(id, ask(more));
    for (const id of ['gemini-embed-content', 'cohere-embed', 'bedrock-cohere-embed', 'titan-embed'] as const)
      expect(refused(id, { input: [[1, 2, 3]] })).toThrow(/takes no ids of tokens/);
    expect(refused('titan-embed', { input: ['a', 'b'] })).toThrow(/one input a call/);
    expect(refused('titan-embed', { input: [{ image: IMAGE }] })).toThrow(/takes no images/);
    expect(
      encode('titan-embed', ask({ input: [{ image: IMAGE }], dimensions: 384 }), 'amazon.titan-embed-image-v1').body,
    ).toEqual({
      inputImage: 'AAAA',
      embeddingConfig: { outputEmbeddingLength: 384 },
    });
  });

  it('names what a target has no place for', () => {
    const cohere = EMBEDDING_FORMATS['cohere-embed'].decodeRequest({
      model: 'm',
      texts: ['a'],
      input_type: 'search_query',
      embedding_types: ['int8'],
      truncate: 'NONE',
      priority: 1,
    });
    expect(encode('openai-embeddings', cohere)).toEqual({
      body: { model: 'm', input: ['a'], encoding_format: 'float' },
      lost: ['encodings', 'priority', 'purpose', 'truncate'],
    });
    expect(encode('titan-embed', ask({ dimensions: 256, user: 'u' }), 'amazon.titan-embed-text-v1')).toEqual({
      body: { inputText: 'hello' },
      lost: ['dimensions', 'user'],
    });
    expect(encode('cohere-embed', ask({ input_type: 'semantic_similarity' })).lost).toEqual(['purpose']);
  });

  it('gives the same vector in base64, in floats, and in lists by type', () => {
    const decoded = EMBEDDING_FORMATS['cohere-embed'].decodeAnswer(
      Buffer.from(
        JSON.stringify({ id: 'x', embeddings: { float: [[1, 2]] }, meta: { billed_units: { input_tokens: 3 } } }),
      ),
    );
    if (!decoded.ok) throw new Error(decoded.error.message);
    const answer = decoded.value;
    expect(answer.usage).toMatchObject({ promptTokens: 3, totalTokens: 3 });
    const told = (id: keyof typeof EMBEDDING_FORMATS, request: EmbeddingRequest): any =>
      EMBEDDING_FORMATS[id].encodeAnswer(answer, {
        report: new LossReport(undefined, id),
        id: 'i',
        model: 'alias',
        request,
      });
    expect(told('openai-embeddings', ask({ encoding_format: 'base64' }))).toEqual({
      object: 'list',
      model: 'alias',
      data: [{ object: 'embedding', index: 0, embedding: 'AACAPwAAAEA=' }],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
    expect(told('openai-embeddings', ask({})).data[0].embedding).toEqual([1, 2]);
    expect(told('gemini-embed-content', ask({}))).toEqual({
      embeddings: [{ values: [1, 2] }],
      usageMetadata: { promptTokenCount: 3 },
    });
    const single = EMBEDDING_FORMATS['gemini-embed-content'].decodeRequest(
      { content: { parts: [{ text: 'a' }] } },
      { model: 'm' },
    );
    expect(told('gemini-embed-content', single)).toHaveProperty('embedding', { values: [1, 2] });
  });

  it('reads the tokens Amazon tells in a header', () => {
    const read = (headers: Record<string, string>) =>
      EMBEDDING_FORMATS['bedrock-cohere-embed'].decodeAnswer(Buffer.from(JSON.stringify(COHERE_ANSWER)), headers);
    expect(read({ 'x-amzn-bedrock-input-token-count': '7' })).toMatchObject({ value: { usage: { promptTokens: 7 } } });
    expect(read({ 'x-amzn-bedrock-input-token-count': 'many' })).toMatchObject({ value: { usage: null } });
  });

  (haveRecordings ? it : it.skip)('reads the floats that OpenAI wrote in base64', () => {
    const encoded = exchangesOf(['openai.embeddings']).filter(
      ([, { tags, provider }]) => provider !== 'vllm' && tags.includes('encoding_base64'),
    );
    expect(encoded.length).toBeGreaterThan(0);
    for (const [, { response }] of encoded) {
      const text = (response.body as { data: { embedding: string }[] }).data[0]?.embedding ?? '';
      const floats = floatsOfBase64(text);
      // Vectors of OpenAI's are of the length 1.
      expect(Math.hypot(...floats)).toBeCloseTo(1, 2);
      expect(base64OfFloats(floats)).toBe(text);
    }
  });
});
