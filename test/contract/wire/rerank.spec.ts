import { LossReport, type RerankRequest } from '../../../libs/protocol/index.js';
import { RERANK_FORMATS } from '../../../libs/wire/index.js';
import { describeWholeFormat, type WholeFormatUnderTest } from './whole-format-contract.js';

const family = Object.values(RERANK_FORMATS) as never;
const under = (id: keyof typeof RERANK_FORMATS, more: object): WholeFormatUnderTest<never, never> =>
  ({ format: RERANK_FORMATS[id], family, origin: { model: 'm' }, ...more }) as never;

const REQUEST = { model: 'm', query: 'capital?', documents: ['Carson City', 'Washington'], top_n: 1 };
const RESULTS = [
  { index: 1, relevance_score: 0.9 },
  { index: 0, relevance_score: 0.1 },
];

describeWholeFormat(
  under('cohere-rerank', {
    sample: {
      request: { ...REQUEST, max_tokens_per_doc: 100, priority: 2 },
      answer: { id: 'x', results: RESULTS, meta: { api_version: { version: '2' }, billed_units: { search_units: 2 } } },
      error: { id: 'x', message: 'You are using a Trial key, which is limited' },
    },
    recorded: { wire: 'cohere.rerank', is: ({ provider }: { provider: string }) => provider === 'cohere' },
  }),
);

describeWholeFormat(
  under('jina-rerank', {
    sample: {
      request: {
        ...REQUEST,
        documents: ['a', { title: 'T', text: 'b' }],
        rank_fields: ['title'],
        return_documents: true,
      },
      answer: {
        model: 'jina-reranker-v2',
        object: 'list',
        usage: { total_tokens: 15 },
        results: [
          { index: 1, relevance_score: 0.9, document: { text: 'b' } },
          { index: 0, relevance_score: 0.1, document: 'a' },
        ],
      },
      error: { error: { message: 'Slow down', code: 'rate_limit_exceeded' } },
    },
    recorded: { wire: 'cohere.rerank', is: ({ provider }: { provider: string }) => provider !== 'cohere' },
  }),
);

const jina = (more: object): RerankRequest => RERANK_FORMATS['jina-rerank'].decodeRequest({ ...REQUEST, ...more });

describe('reranking between formats', () => {
  it('sends structured documents as the text of their fields', () => {
    const report = new LossReport('jina-rerank', 'cohere-rerank');
    const documents = [{ title: 'T', text: 'b', n: 1 }, 'plain'];
    const written = (more: object) =>
      RERANK_FORMATS['cohere-rerank'].encodeRequest(jina({ documents, ...more }), { report }).body['documents'];
    expect(written({})).toEqual(['b', 'plain']);
    expect(written({ rank_fields: ['title', 'n'] })).toEqual(['title: T\nn: 1', 'plain']);
    expect(report.lossy).toBe(false);
  });

  it('puts back the documents that the provider does not repeat', () => {
    const decoded = RERANK_FORMATS['cohere-rerank'].decodeAnswer(
      Buffer.from(JSON.stringify({ id: 'x', results: RESULTS, meta: { billed_units: { search_units: 3 } } })),
    );
    if (!decoded.ok) throw new Error(decoded.error.message);
    expect(decoded.value).toMatchObject({ searchUnits: 3, usage: null });
    const written = (request: RerankRequest) =>
      RERANK_FORMATS['jina-rerank'].encodeAnswer(decoded.value, {
        report: new LossReport('cohere-rerank', 'jina-rerank'),
        id: 'i',
        model: 'alias',
        request,
      });
    expect(written(jina({ return_documents: true }))).toEqual({
      id: 'x',
      object: 'list',
      model: 'alias',
      results: [
        { index: 1, relevance_score: 0.9, document: { text: 'Washington' } },
        { index: 0, relevance_score: 0.1, document: { text: 'Carson City' } },
      ],
    });
    expect(written(jina({}))).toMatchObject({ results: RESULTS });
  });

  it('names what a target has no place for', () => {
    const request = RERANK_FORMATS['cohere-rerank'].decodeRequest({ ...REQUEST, max_tokens_per_doc: 9, priority: 1 });
    const report = new LossReport('cohere-rerank', 'jina-rerank');
    expect(RERANK_FORMATS['jina-rerank'].encodeRequest(request, { report }).body).toEqual(REQUEST);
    expect(report.summary().reasons.map(({ path }) => path)).toEqual(['maxTokensPerDocument', 'priority']);
  });
});
