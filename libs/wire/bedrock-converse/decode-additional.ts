import type { Extensions, JsonFields, ReasoningSettings } from '../../protocol/index.js';
import { numberOf, objectOf, restOf, textOf, withExtension, withInner } from '../fields.js';
import { ADDITIONAL, EFFORT, FORMAT, NOVA_INFERENCE, NOVA_REASONING, THINKING } from './shapes.js';

/** What `additionalModelRequestFields` say that the canonical model has a place for; all else is in the extensions. */
export interface DecodedAdditional {
  readonly reasoning?: ReasoningSettings | undefined;
  readonly topK?: number | undefined;
  /** Where `topK` stood. */
  readonly topKForm?: 'top_k' | 'inferenceConfig' | undefined;
  /** Of the object itself, not yet under its name. */
  readonly extensions?: Extensions | undefined;
}

/** Reads the fields as Anthropic's, Amazon's and OpenAI's models take them. */
export function decodeAdditional(fields: JsonFields | undefined): DecodedAdditional {
  if (fields === undefined) return {};
  const reasoning = decodeReasoning(fields);
  const topK = decodeTopK(fields);
  let extensions = restOf(fields, ADDITIONAL, FORMAT);
  for (const name of REASONING_FIELDS)
    if (!reasoning.taken.includes(name)) extensions = withExtension(extensions, FORMAT, name, fields[name]);
  if (reasoning.taken.includes('output_config')) {
    const config = objectOf(fields, 'output_config')!;
    extensions = withInner(extensions, FORMAT, 'output_config', restOf(config, EFFORT, FORMAT));
  }
  const nova = objectOf(fields, 'inferenceConfig');
  extensions =
    topK.topKForm === 'inferenceConfig'
      ? withInner(extensions, FORMAT, 'inferenceConfig', restOf(nova ?? {}, NOVA_INFERENCE, FORMAT))
      : withExtension(extensions, FORMAT, 'inferenceConfig', nova);
  return { reasoning: reasoning.settings, ...topK, extensions };
}

const REASONING_FIELDS = [
  'thinking',
  'reasoning_config',
  'reasoningConfig',
  'reasoning_effort',
  'output_config',
] as const;

/** Anthropic's field, or Amazon's. */
function decodeTopK(fields: JsonFields): Pick<DecodedAdditional, 'topK' | 'topKForm'> {
  const plain = numberOf(fields, 'top_k');
  if (plain !== undefined) return { topK: plain, topKForm: 'top_k' };
  const inner = numberOf(objectOf(fields, 'inferenceConfig') ?? {}, 'topK');
  return inner === undefined ? {} : { topK: inner, topKForm: 'inferenceConfig' };
}

interface DecodedReasoning {
  readonly settings: ReasoningSettings | undefined;
  /** The fields it was made of. */
  readonly taken: readonly string[];
}

/** The first that is there counts; the others stay as they are. */
function decodeReasoning(fields: JsonFields): DecodedReasoning {
  const effort = textOf(objectOf(fields, 'output_config') ?? {}, 'effort');
  const efforts = effort === undefined ? [] : ['output_config'];
  for (const name of ['thinking', 'reasoning_config'] as const) {
    const thinking = objectOf(fields, name);
    if (thinking !== undefined) return { settings: thinkingOf(thinking, name, effort), taken: [name, ...efforts] };
  }
  const nova = objectOf(fields, 'reasoningConfig');
  if (nova !== undefined) return { settings: novaOf(nova), taken: ['reasoningConfig'] };
  const plain = textOf(fields, 'reasoning_effort');
  if (plain !== undefined)
    return { settings: { effort: plain, form: 'reasoning_effort' }, taken: ['reasoning_effort'] };
  return { settings: effort === undefined ? undefined : { effort, form: 'output_config' }, taken: efforts };
}

function thinkingOf(thinking: JsonFields, field: string, effort: string | undefined): ReasoningSettings {
  const type = textOf(thinking, 'type') ?? '';
  const display = textOf(thinking, 'display');
  return {
    enabled: type === 'disabled' ? false : type === '' ? undefined : true,
    effort,
    budgetTokens: numberOf(thinking, 'budget_tokens'),
    visible: display === undefined ? undefined : display !== 'omitted',
    extensions: restOf(thinking, THINKING, FORMAT),
    form: [field, type, ...(display === undefined ? [] : [display])].join(' '),
  };
}

function novaOf(config: JsonFields): ReasoningSettings {
  const type = textOf(config, 'type') ?? '';
  return {
    enabled: type === 'disabled' ? false : type === '' ? undefined : true,
    effort: textOf(config, 'maxReasoningEffort'),
    extensions: restOf(config, NOVA_REASONING, FORMAT),
    form: `reasoningConfig ${type}`,
  };
}
