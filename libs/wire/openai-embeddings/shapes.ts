import { LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions. */
export const FORMAT = 'openai-embeddings';

export const REQUEST = shape({
  model: STRING,
  input: STRING | LIST,
  dimensions: NUMBER,
  encoding_format: STRING,
  input_type: STRING,
  user: STRING,
});
/** Inputs that are objects. */
export const TEXT_INPUT = shape({ text: STRING });
export const IMAGE_INPUT = shape({ image: STRING });
export const CONTENT_INPUT = shape({ content: LIST });
export const TEXT_PART = shape({ type: STRING, text: STRING });
export const IMAGE_PART = shape({ type: STRING, image_url: OBJECT });

export const ANSWER = shape({ object: STRING, id: STRING, model: STRING, data: LIST, usage: OBJECT });
export const ITEM = shape({ object: STRING, index: NUMBER, embedding: STRING | LIST });
