import { BOOLEAN, LIST, NUMBER, OBJECT, shape, STRING } from '../fields.js';

/** The format's name in extensions and signatures. */
export const FORMAT = 'gemini-generate-content';

/** Fields of `generateContent` and `streamGenerateContent` that have a place in the canonical model. */
export const REQUEST = shape({
  model: STRING,
  contents: LIST | OBJECT,
  systemInstruction: OBJECT | STRING,
  tools: LIST | OBJECT,
  toolConfig: OBJECT,
  safetySettings: LIST,
  generationConfig: OBJECT,
  labels: OBJECT,
  serviceTier: STRING,
  store: BOOLEAN,
});
export const GENERATION_CONFIG = shape({
  maxOutputTokens: NUMBER,
  temperature: NUMBER,
  topP: NUMBER,
  topK: NUMBER,
  stopSequences: LIST,
  presencePenalty: NUMBER,
  frequencyPenalty: NUMBER,
  seed: NUMBER,
  candidateCount: NUMBER,
  responseLogprobs: BOOLEAN,
  logprobs: NUMBER,
  responseModalities: LIST,
  responseMimeType: STRING,
  responseSchema: OBJECT,
  responseJsonSchema: OBJECT,
  thinkingConfig: OBJECT,
  speechConfig: OBJECT,
});
export const THINKING_CONFIG = shape({ includeThoughts: BOOLEAN, thinkingBudget: NUMBER, thinkingLevel: STRING });
export const FUNCTION_CALLING_CONFIG = shape({ mode: STRING, allowedFunctionNames: LIST });
export const SAFETY_SETTING = shape({ category: STRING, threshold: STRING });

export const CONTENT = shape({ role: STRING, parts: LIST | OBJECT });
/** What any part may have beside its data. `thought` is told in the form where it says nothing. */
export const PART = shape({ thought: BOOLEAN, thoughtSignature: STRING });
export const BLOB = shape({ mimeType: STRING, data: STRING });
export const FILE_DATA = shape({ mimeType: STRING, fileUri: STRING });
export const FUNCTION_CALL = shape({ id: STRING, name: STRING, args: OBJECT });
export const FUNCTION_RESPONSE = shape({ id: STRING, name: STRING, response: OBJECT, parts: LIST });
export const TOOL_CALL = shape({ id: STRING, toolType: STRING, args: OBJECT });

export const FUNCTION_DECLARATION = shape({
  name: STRING,
  description: STRING,
  parameters: OBJECT,
  parametersJsonSchema: OBJECT,
});

export const ANSWER = shape({
  candidates: LIST,
  usageMetadata: OBJECT,
  modelVersion: STRING,
  responseId: STRING,
  createTime: STRING,
});
export const CANDIDATE = shape({
  content: OBJECT,
  finishReason: STRING | NUMBER,
  index: NUMBER,
  logprobsResult: OBJECT,
});
export const LOGPROBS_RESULT = shape({ chosenCandidates: LIST, topCandidates: LIST });
