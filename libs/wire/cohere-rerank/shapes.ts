import { LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions. */
export const FORMAT = 'cohere-rerank';

export const REQUEST = shape({
  model: STRING,
  query: STRING,
  documents: LIST,
  top_n: NUMBER,
  max_tokens_per_doc: NUMBER,
});
export const ANSWER = shape({ id: STRING, results: LIST, meta: OBJECT });
export const RESULT = shape({ index: NUMBER, relevance_score: NUMBER, document: STRING | OBJECT });
