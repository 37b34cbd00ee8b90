import { BOOLEAN, LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions. */
export const FORMAT = 'titan-embed';

export const REQUEST = shape({
  inputText: STRING,
  dimensions: NUMBER,
  normalize: BOOLEAN,
  embeddingTypes: LIST,
  inputImage: STRING,
  embeddingConfig: OBJECT,
});
export const CONFIG = shape({ outputEmbeddingLength: NUMBER });

export const ANSWER = shape({
  embedding: LIST,
  embeddingsByType: OBJECT,
  inputTextTokenCount: NUMBER,
  message: STRING,
});
