import type { IncomingHttpHeaders } from 'node:http';
import type { ModelEntry } from '../registry/snapshot.js';

/** The list of models in a dialect's shape. */
export interface ModelShape {
  one(model: ModelEntry): object;
  list(models: readonly ModelEntry[]): object;
}

const OPENAI: ModelShape = {
  one: (model) => ({
    id: model.name,
    object: 'model',
    created: model.createdAtSeconds,
    owned_by: model.backends[0]?.provider?.name ?? 'omnigate',
    context_window: model.contextWindow,
    max_output_tokens: model.maxOutputTokens,
  }),
  list: (models) => ({ object: 'list', data: models.map(OPENAI.one) }),
};

/** https://platform.claude.com/docs/en/api/models-list; all on one page. */
const ANTHROPIC: ModelShape = {
  one: (model) => ({
    type: 'model',
    id: model.name,
    display_name: model.name,
    created_at: new Date(model.createdAtSeconds * 1000).toISOString(),
  }),
  list: (models) => ({
    data: models.map(ANTHROPIC.one),
    has_more: false,
    first_id: models[0]?.name ?? null,
    last_id: models.at(-1)?.name ?? null,
  }),
};

/** https://ai.google.dev/api/models */
const GEMINI: ModelShape = {
  one: (model) => ({
    name: `models/${model.name}`,
    baseModelId: model.name,
    displayName: model.name,
    version: '1',
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
    ...(model.contextWindow !== null && { inputTokenLimit: model.contextWindow }),
    ...(model.maxOutputTokens !== null && { outputTokenLimit: model.maxOutputTokens }),
  }),
  list: (models) => ({ models: models.map(GEMINI.one) }),
};

/** https://docs.cohere.com/reference/list-models */
const COHERE: ModelShape = {
  one: (model) => ({
    name: model.name,
    endpoints: ['chat'],
    finetuned: false,
    ...(model.contextWindow !== null && { context_length: model.contextWindow }),
  }),
  list: (models) => ({ models: models.map(COHERE.one) }),
};

/** What Ollama tells of the files it runs; here there are none. */
const NO_FILE = {
  parent_model: '',
  format: '',
  family: '',
  families: [],
  parameter_size: '',
  quantization_level: '',
} as const;

const timeOf = ({ createdAtSeconds }: ModelEntry): string => new Date(createdAtSeconds * 1000).toISOString();

/** https://docs.ollama.com/api/tags and https://docs.ollama.com/api-reference/show-model-details */
export const OLLAMA: ModelShape = {
  one: (model) => ({
    modelfile: '',
    parameters: '',
    template: '',
    details: NO_FILE,
    // Clients look for the context window under the name of the architecture.
    model_info: {
      'general.architecture': 'omnigate',
      'general.basename': model.name,
      ...(model.contextWindow !== null && { 'omnigate.context_length': model.contextWindow }),
    },
    // What is passed on for any model; whether it can is for the model to say.
    capabilities: ['completion', 'tools'],
    modified_at: timeOf(model),
  }),
  list: (models) => ({
    models: models.map((model) => ({
      name: model.name,
      model: model.name,
      modified_at: timeOf(model),
      size: 0,
      digest: model.id,
      details: NO_FILE,
    })),
  }),
};

/**
 * Gemini's and Ollama's clients have paths of their own; Anthropic's say their version in every request, Cohere's their name.
 */
export function modelShape(path: string, headers: IncomingHttpHeaders): ModelShape {
  if (path.startsWith('/v1beta/')) return GEMINI;
  if (headers['anthropic-version'] !== undefined) return ANTHROPIC;
  return /^cohere\b/.test(String(headers['x-fern-sdk-name'])) ? COHERE : OPENAI;
}
