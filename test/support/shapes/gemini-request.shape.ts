import { NO_PROOF } from '../vendors/heard-request.js';
import {
  also,
  anything,
  base64,
  count,
  either,
  fields,
  flag,
  listOf,
  mapOf,
  matching,
  number,
  objectSchema,
  oneOf,
  type Shape,
  text,
} from './shape.js';

const NAME = matching(/^[a-zA-Z_][\w.:-]{0,127}$/);
const DATA = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
];
const MEDIA = matching(/^(?:image|audio|video|application|text)\/[\w.+-]+$/);
const part = also(
  fields(
    {},
    {
      text,
      thought: flag,
      thoughtSignature: either(base64, oneOf(NO_PROOF)),
      inlineData: fields({ mimeType: MEDIA, data: base64 }),
      fileData: fields({ fileUri: text }, { mimeType: MEDIA }),
      functionCall: fields({ name: NAME, args: mapOf(anything) }, { id: text }),
      functionResponse: fields({ name: NAME, response: mapOf(anything) }, { id: text, parts: listOf(anything) }),
    },
  ),
  (value, at) => {
    const told = DATA.filter((name) => name in (value as object));
    return told.length === 1 ? [] : [`${at} has ${told.length === 0 ? 'no data' : told.join(' and ')}`];
  },
);

type Turn = { role?: string; parts: Record<string, any>[] };
const names = (turn: Turn | undefined, field: string): string[] =>
  (turn?.parts ?? []).flatMap((one) => (one[field] === undefined ? [] : [one[field].name as string]));

/** "function response parts" are as many as "function call parts" of the turn before, by the same names in their order. */
const answeredCalls: Shape = (value, at) => {
  const turns = value as Turn[];
  return turns.flatMap((turn, index) => {
    const place = `${at}[${String(index)}]`;
    const calls = names(turn, 'functionCall');
    const results = names(turns[index + 1], 'functionResponse');
    const spoken = index === 0 && turn.role !== 'user' ? [`${place} is not the user's`] : [];
    const again = turn.role === turns[index - 1]?.role ? [`${place} is again of the ${String(turn.role)}`] : [];
    return JSON.stringify(calls) === JSON.stringify(results)
      ? [...spoken, ...again]
      : [`${place} calls ${calls.join()} and is answered ${results.join()}`];
  });
};

/** Gemini's own subset of OpenAPI, where a declaration is not a JSON Schema. */
const SCHEMA_FIELDS = fields(
  {},
  Object.fromEntries(
    'type format title description nullable enum maxItems minItems properties required minProperties maxProperties minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum'
      .split(' ')
      .map((name) => [name, anything]),
  ),
);
const declaration = also(
  fields({ name: NAME }, { description: text, parameters: SCHEMA_FIELDS, parametersJsonSchema: objectSchema }),
  (value, at) =>
    ['parameters', 'parametersJsonSchema'].every((name) => name in (value as object))
      ? [`${at} has two kinds of parameters`]
      : [],
);

const config = also(
  fields(
    {},
    {
      candidateCount: count,
      frequencyPenalty: number,
      presencePenalty: number,
      maxOutputTokens: count,
      responseLogprobs: flag,
      logprobs: count,
      responseMimeType: oneOf('text/plain', 'application/json'),
      responseSchema: SCHEMA_FIELDS,
      responseJsonSchema: mapOf(anything),
      responseModalities: listOf(oneOf('TEXT', 'IMAGE', 'AUDIO')),
      seed: number,
      stopSequences: listOf(text),
      temperature: number,
      thinkingConfig: fields(
        {},
        {
          includeThoughts: flag,
          thinkingBudget: number,
          thinkingLevel: oneOf('MINIMAL', 'LOW', 'MEDIUM', 'HIGH', 'minimal', 'low', 'medium', 'high'),
        },
      ),
      topK: count,
      topP: number,
    },
  ),
  (value, at) => {
    const told = value as Record<string, unknown>;
    const wantsJson = told['responseSchema'] ?? told['responseJsonSchema'];
    return wantsJson !== undefined && told['responseMimeType'] !== 'application/json'
      ? [`${at}.responseMimeType is not JSON although there is a schema`]
      : [];
  },
);

const turn = (role: Shape): Shape => fields({ parts: listOf(part, 1) }, { role });

/** https://ai.google.dev/api/generate-content#request-body: unknown names are refused ("Cannot find field"). */
export const GEMINI_REQUEST: Shape = fields(
  { contents: also(listOf(turn(oneOf('user', 'model')), 1), answeredCalls) },
  {
    systemInstruction: turn(oneOf('system', 'user')),
    generationConfig: config,
    tools: listOf(
      fields(
        {},
        {
          functionDeclarations: listOf(declaration, 1),
          googleSearch: anything,
          codeExecution: anything,
          urlContext: anything,
        },
      ),
      1,
    ),
    toolConfig: fields(
      {},
      {
        functionCallingConfig: fields(
          { mode: oneOf('AUTO', 'ANY', 'NONE', 'VALIDATED') },
          { allowedFunctionNames: listOf(NAME, 1) },
        ),
      },
    ),
    safetySettings: listOf(fields({ category: text, threshold: text })),
    cachedContent: text,
    labels: mapOf(text),
  },
);
