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

/** Gemini's clients have a path of their own; Anthropic's say their version in every request. */
export function modelShape(path: string, anthropicVersion: unknown): ModelShape {
  if (path.startsWith('/v1beta/')) return GEMINI;
  return anthropicVersion === undefined ? OPENAI : ANTHROPIC;
}
