/** What docs/conversion.md asks of the formats of embeddings and reranking. Rows as in conversion-probes.mjs. */
const text = (value) => ({ type: 'text', text: value });
const media = (type, source) => ({ inputs: [{ parts: [{ type, source }] }] });
const data = { kind: 'data', data: 'AAAA', mediaType: 'image/png' };
const vectors = (more) => ({ embeddings: [{ index: 0, vectors: { float: [1, 2], ...more } }] });

const EMBEDDINGS = {
  title: 'Embeddings',
  baseRequest: { model: 'm', inputs: [{ parts: [text('hi')] }] },
  requests: [
    ['inputs: two', { inputs: [{ parts: [text('hi')] }, { parts: [text('ho')] }] }],
    ['inputs: two texts in one', { inputs: [{ parts: [text('hi'), text('ho')] }] }],
    ['inputs: ids of tokens', { inputs: [{ parts: [{ type: 'tokens', tokens: [1, 2] }] }] }],
    ['inputs: image by data', media('image', data)],
    ['inputs: image and text in one', { inputs: [{ parts: [{ type: 'image', source: data }, text('hi')] }] }],
    ['inputs: sound', media('audio', { kind: 'data', data: 'AAAA', mediaType: 'audio/wav' })],
    ['input.title', { inputs: [{ parts: [text('hi')], title: 'T' }] }],
    ['dimensions', { dimensions: 256 }],
    ...['float', 'base64', 'int8', 'binary'].map((one) => [`encodings: ${one}`, { encodings: [one] }]),
    ...['query', 'document', 'similarity', 'classification', 'clustering', 'question-answering', 'code-query'].map(
      (purpose) => [`purpose: ${purpose}`, { purpose }],
    ),
    ['truncate: end', { truncate: 'end' }],
    ['normalize', { normalize: true }],
    ['user', { user: 'u' }],
  ],
  baseAnswer: { embeddings: [], usage: null },
  answers: [
    ['vectors.float', vectors({})],
    ['vectors.int8', vectors({ int8: [1, 2] })],
    ['vectors.binary', vectors({ binary: [1, 0] })],
    ['usage', { ...vectors({}), usage: 3 }],
  ],
};

const results = (more) => ({ results: [{ index: 0, score: 0.5, ...more }] });

const RERANK = {
  title: 'Reranking',
  baseRequest: { model: 'm', query: 'q', documents: [{ text: 'a' }] },
  requests: [
    ['documents: two', { documents: [{ text: 'a' }, { text: 'b' }] }],
    ['document.fields', { documents: [{ text: 'title: T\nbody: b', fields: { title: 'T', body: 'b' } }] }],
    ['topN', { topN: 3 }],
    ['returnDocuments', { returnDocuments: true }],
    ['maxTokensPerDocument', { maxTokensPerDocument: 100 }],
    ['rankFields', { rankFields: ['title'] }],
  ],
  baseAnswer: { results: [], usage: null },
  answers: [
    ['results', results({})],
    ['result.document', results({ document: { text: 'a' } })],
    ['usage', { ...results({}), usage: 3 }],
    ['searchUnits', { ...results({}), searchUnits: 2 }],
  ],
};

export const WHOLE_INTRODUCTION = `# Embeddings and reranking

Asked and answered in one piece. What is embedded or put in order is never left out, since answers name it by its place: an input
that a target cannot carry is refused with a 400 (*refused*). Purposes that Cohere requires and nobody told are filled in:
documents, or images. Base64 is made of floats where the target writes none. Results repeat their documents where the caller
wants them, also if the provider does not: they are put back from the request.
`;

/** The sections of both kinds. @param told how rows are written */
export function wholeSections(kinds, { LossReport, usageOf }, { added, codes, lostIn, table }) {
  const usageIn = (one) => (one.usage === 3 ? { ...one, usage: usageOf({ promptTokens: 3 }) } : one);
  const sections = [WHOLE_INTRODUCTION];
  for (const [{ title, baseRequest, requests, baseAnswer, answers }, formats] of [
    [EMBEDDINGS, kinds.embeddings],
    [RERANK, kinds.rerank],
  ]) {
    for (const format of Object.values(formats)) {
      const ask = (request) => {
        const report = new LossReport(undefined, format.id);
        try {
          const { body } = format.encodeRequest(request, { report, model: TITAN[format.id] ?? 'm' });
          return { body, lost: lostIn(report.summary()) };
        } catch (error) {
          return { body: {}, lost: `*refused*: ${error.message}` };
        }
      };
      const tell = (answer) => {
        const report = new LossReport(undefined, format.id);
        const body = format.encodeAnswer(usageIn(answer), { report, id: 'a-1', model: null });
        return { body, lost: lostIn(report.summary()) };
      };
      const rows = (probes, base, write) =>
        probes.map(([name, more]) => {
          const { body, lost } = write({ ...base, ...more });
          return [name, codes(added(body, write(base).body)), lost];
        });
      sections.push(
        [
          `## \`${format.id}\``,
          '',
          `${title}, requests:`,
          '',
          table(['In the model', 'On the wire', 'Lost'], rows(requests, baseRequest, ask)),
          '',
          'Answers:',
          '',
          table(['In the model', 'On the wire', 'Lost'], rows(answers, baseAnswer, tell)),
          '',
        ].join('\n'),
      );
    }
  }
  return sections;
}

/** The generation of the family that has most fields. */
const TITAN = { 'titan-embed': 'amazon.titan-embed-text-v2:0' };
