import { BOOLEAN, LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions. */
export const FORMAT = 'jina-rerank';

export const REQUEST = shape({
  model: STRING,
  query: STRING,
  documents: LIST,
  top_n: NUMBER,
  return_documents: BOOLEAN,
  max_tokens_per_doc: NUMBER,
  rank_fields: LIST,
});
/** Fireworks and Voyage call the results `data`. */
export const ANSWER = shape({
  id: STRING,
  object: STRING,
  model: STRING,
  results: LIST,
  data: LIST,
  usage: OBJECT,
});
export const RESULT = shape({
  index: NUMBER,
  relevance_score: NUMBER,
  score: NUMBER,
  document: STRING | OBJECT,
});
