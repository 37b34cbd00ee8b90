import { anything, base64, count, fields, flag, listOf, mapOf, oneOf, type Shape, text, words } from './shape.js';

const part = fields(
  {},
  {
    text,
    thought: flag,
    thoughtSignature: base64,
    functionCall: fields({ name: words, args: mapOf(anything) }, { id: words }),
    inlineData: fields({ mimeType: words, data: words }),
  },
);
const details = listOf(fields({ modality: text, tokenCount: count }));

/** https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse: whole, or a chunk of a stream. */
export const GEMINI_ANSWER: Shape = fields(
  {},
  {
    candidates: listOf(
      fields(
        {},
        {
          content: fields({}, { role: oneOf('model'), parts: listOf(part) }),
          index: count,
          finishReason: oneOf(
            'STOP',
            'MAX_TOKENS',
            'SAFETY',
            'RECITATION',
            'LANGUAGE',
            'OTHER',
            'BLOCKLIST',
            'PROHIBITED_CONTENT',
            'SPII',
            'MALFORMED_FUNCTION_CALL',
          ),
          finishMessage: text,
          safetyRatings: listOf(anything),
          groundingMetadata: anything,
          citationMetadata: anything,
          logprobsResult: anything,
          avgLogprobs: anything,
        },
      ),
      1,
    ),
    promptFeedback: anything,
    usageMetadata: fields(
      {},
      {
        promptTokenCount: count,
        cachedContentTokenCount: count,
        candidatesTokenCount: count,
        thoughtsTokenCount: count,
        toolUsePromptTokenCount: count,
        totalTokenCount: count,
        promptTokensDetails: details,
        cacheTokensDetails: details,
        candidatesTokensDetails: details,
        trafficType: text,
      },
    ),
    modelVersion: words,
    responseId: words,
    createTime: text,
  },
);

/** https://cloud.google.com/apis/design/errors */
export const GEMINI_ERROR: Shape = fields({
  error: fields(
    {
      code: count,
      message: words,
      status: oneOf(
        'INVALID_ARGUMENT',
        'FAILED_PRECONDITION',
        'OUT_OF_RANGE',
        'UNAUTHENTICATED',
        'PERMISSION_DENIED',
        'NOT_FOUND',
        'ABORTED',
        'ALREADY_EXISTS',
        'RESOURCE_EXHAUSTED',
        'CANCELLED',
        'DATA_LOSS',
        'UNKNOWN',
        'INTERNAL',
        'UNIMPLEMENTED',
        'UNAVAILABLE',
        'DEADLINE_EXCEEDED',
      ),
    },
    { details: listOf(anything) },
  ),
});
