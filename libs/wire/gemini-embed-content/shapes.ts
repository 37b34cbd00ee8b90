import type { EmbeddingPurpose } from '../../protocol/index.js';
import { purposesByWord } from '../embedding-inputs.js';
import { LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions. */
export const FORMAT = 'gemini-embed-content';

export const BATCH = shape({ requests: LIST });
/** A single request, and each of a batch; the model stands in the URL. */
export const REQUEST = shape({
  model: STRING,
  content: OBJECT,
  taskType: STRING,
  title: STRING,
  outputDimensionality: NUMBER,
});
/** Who speaks in what is embedded says nothing. */
export const CONTENT = shape({ parts: LIST, role: STRING });
export const TEXT_PART = shape({ text: STRING });
export const BLOB_PART = shape({ inlineData: OBJECT });
export const FILE_PART = shape({ fileData: OBJECT });
export const BLOB = shape({ mimeType: STRING, data: STRING });
export const FILE = shape({ mimeType: STRING, fileUri: STRING });

export const ANSWER = shape({ embedding: OBJECT, embeddings: LIST, usageMetadata: OBJECT });
export const EMBEDDING = shape({ values: LIST });

/** https://ai.google.dev/api/embeddings#tasktype */
export const WORDS: Readonly<Partial<Record<EmbeddingPurpose, string>>> = {
  query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  similarity: 'SEMANTIC_SIMILARITY',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
  'question-answering': 'QUESTION_ANSWERING',
  'fact-verification': 'FACT_VERIFICATION',
  'code-query': 'CODE_RETRIEVAL_QUERY',
};
export const PURPOSES = purposesByWord(WORDS);
