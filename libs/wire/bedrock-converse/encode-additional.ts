import type { CanonicalRequest, LossReport, ReasoningSettings } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { budgetOfEffort, effortOfBudget } from '../reasoning-effort.js';
import type { Encoding, Out } from './encoding.js';
import { thinksAdaptively } from './model-family.js';
import { FORMAT } from './shapes.js';

/** The least Claude takes for thinking. */
const MIN_BUDGET = 1024;
/** What an answer may have where nobody says, and thinking needs to know. */
const DEFAULT_MAX_TOKENS = 4096;

/** Writes `additionalModelRequestFields`: what the service passes on to the model without looking. */
export function writeAdditional(out: Out, request: CanonicalRequest, model: string, encoding: Encoding): void {
  const { reasoning } = request;
  const fields: Out = {};
  if (encoding.own) writeOwn(fields, request);
  else writeTopK(fields, request, encoding);
  if (!encoding.own && reasoning !== undefined) writeReasoning(fields, out, { request, reasoning, model, encoding });
  const isGiven = encoding.own && request.forms?.['additionalModelRequestFields'] === 'given';
  if (isGiven || Object.keys(fields).length > 0) out['additionalModelRequestFields'] = fields;
}

function writeOwn(fields: Out, { reasoning, generation, forms }: CanonicalRequest): void {
  if (generation.topK !== undefined) {
    if (forms?.['topK'] === 'inferenceConfig') fields['inferenceConfig'] = { topK: generation.topK };
    else fields['top_k'] = generation.topK;
  }
  if (reasoning?.form !== undefined) writeOwnReasoning(fields, reasoning, reasoning.form.split(' '));
}

function writeOwnReasoning(fields: Out, reasoning: ReasoningSettings, form: readonly string[]): void {
  const [field = '', type, display] = form;
  const { effort, budgetTokens } = reasoning;
  if (field === 'reasoning_effort') {
    fields[field] = effort;
    return;
  }
  const typed = type === '' ? undefined : type;
  const isNova = field === 'reasoningConfig';
  const written = given(
    isNova ? { type: typed, maxReasoningEffort: effort } : { type: typed, budget_tokens: budgetTokens, display },
  );
  writeExtensions(written, reasoning.extensions, FORMAT);
  if (field !== 'output_config') fields[field] = written;
  if (effort !== undefined && !isNova) fields['output_config'] = { effort };
}

/** Every vendor calls it otherwise. */
function writeTopK(fields: Out, { generation }: CanonicalRequest, { family, report }: Encoding): void {
  const { topK } = generation;
  if (topK === undefined) return;
  if (family === 'claude') fields['top_k'] = topK;
  else if (family === 'nova' || family === 'nova-2') fields['inferenceConfig'] = { topK };
  else report.add('generation.topK', 'not known to the model');
}

interface Thinking {
  readonly request: CanonicalRequest;
  readonly reasoning: ReasoningSettings;
  readonly model: string;
  readonly encoding: Encoding;
}

function writeReasoning(fields: Out, out: Out, thinking: Thinking): void {
  const { reasoning, encoding } = thinking;
  const { report, family, traits } = encoding;
  if (reasoning.summary !== undefined && reasoning.summary !== 'none')
    report.add('reasoning.summary', 'not known to the target');
  reportExtensions(report, reasoning.extensions, FORMAT, 'reasoning');
  if (!asksToThink(reasoning)) {
    writeNoThinking(fields, reasoning, encoding);
    return;
  }
  if (traits.reasoningStyle === 'none') report.add('reasoning', 'the model does not think');
  else if (family === 'claude') writeClaude(fields, out, thinking);
  else if (family === 'nova-2') writeNova(fields, out, thinking);
  else if (family === 'gpt-oss') writeEffort(fields, reasoning, report);
  else report.add('reasoning', 'the model cannot be told how to think');
}

function asksToThink({ enabled, effort, budgetTokens }: ReasoningSettings): boolean {
  if (enabled === false || effort === 'none') return false;
  return enabled === true || effort !== undefined || budgetTokens !== undefined;
}

/** Models that think only when asked need not be told. */
function writeNoThinking(fields: Out, reasoning: ReasoningSettings, { family, report }: Encoding): void {
  const refused = reasoning.enabled === false || reasoning.effort === 'none';
  if (!refused || family === 'claude' || family === 'nova' || family === 'nova-2') return;
  if (family === 'gpt-oss') fields['reasoning_effort'] = 'low';
  report.add('reasoning', 'the model cannot be told not to think');
}

function writeEffort(fields: Out, { effort, budgetTokens }: ReasoningSettings, report: LossReport): void {
  const wanted = effort ?? (budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens));
  const known = threeEfforts(wanted);
  if (effort === undefined && budgetTokens !== undefined)
    report.add('reasoning.budgetTokens', `told as the effort '${known ?? ''}'`);
  else if (known !== wanted) report.add('reasoning.effort', `told as '${known ?? ''}'`);
  if (known !== undefined) fields['reasoning_effort'] = known;
}

const THREE: Readonly<Record<string, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

function threeEfforts(effort: string | undefined): string | undefined {
  return effort !== undefined && Object.hasOwn(THREE, effort) ? THREE[effort] : undefined;
}

/** At its highest, Nova takes neither a limit nor sampling settings. */
function writeNova(fields: Out, out: Out, { reasoning, encoding }: Thinking): void {
  const { report } = encoding;
  const budget = reasoning.budgetTokens;
  const effort = threeEfforts(reasoning.effort) ?? (budget === undefined ? 'medium' : effortOfBudget(budget));
  if (budget !== undefined) report.add('reasoning.budgetTokens', `told as the effort '${effort}'`);
  else if (reasoning.effort !== undefined && reasoning.effort !== effort)
    report.add('reasoning.effort', `told as '${effort}'`);
  fields['reasoningConfig'] = { type: 'enabled', maxReasoningEffort: effort };
  if (effort !== 'high') return;
  const inference = out['inferenceConfig'] as Out | undefined;
  for (const [field, name] of [
    ['maxTokens', 'maxOutputTokens'],
    ['temperature', 'temperature'],
    ['topP', 'topP'],
  ] as const) {
    if (inference?.[field] === undefined) continue;
    Reflect.deleteProperty(inference, field);
    report.add(`generation.${name}`, 'refused by the model together with its highest effort');
  }
}

/** As in Anthropic's own API. A forced tool and thinking are refused together; the tool is what the caller cannot miss. */
function writeClaude(fields: Out, out: Out, thinking: Thinking): void {
  const { reasoning, model, encoding } = thinking;
  const { report, traits } = encoding;
  if (mustCall(out)) {
    report.add('reasoning', 'the target does not think where a tool must be called');
    return;
  }
  const display = reasoning.visible === false ? 'omitted' : undefined;
  const style = traits.reasoningStyle ?? (thinksAdaptively(model) ? 'adaptive' : 'budget');
  if (style === 'budget') writeBudget(fields, out, thinking, display);
  else writeAdaptive(fields, reasoning, report, display);
  if (fields['thinking'] !== undefined) dropSampling(fields, out, report);
}

function mustCall(out: Out): boolean {
  const choice = (out['toolConfig'] as Out | undefined)?.['toolChoice'] as Out | undefined;
  return choice !== undefined && choice['auto'] === undefined;
}

const ADAPTIVE_EFFORTS: ReadonlySet<string> = new Set(['low', 'medium', 'high', 'xhigh', 'max']);

function writeAdaptive(
  fields: Out,
  { effort, budgetTokens }: ReasoningSettings,
  report: LossReport,
  display: string | undefined,
): void {
  fields['thinking'] = given({ type: 'adaptive', display });
  if (budgetTokens !== undefined) report.add('reasoning.budgetTokens', 'the model finds its own measure');
  const known = effort === 'minimal' ? 'low' : effort;
  if (known === undefined) return;
  if (ADAPTIVE_EFFORTS.has(known)) fields['output_config'] = { effort: known };
  else report.add('reasoning.effort', 'not known to the target');
}

/** The budget is part of the limit of the answer: a limit the caller set stays, one nobody set grows by it. */
function writeBudget(
  fields: Out,
  out: Out,
  { request, reasoning, encoding }: Thinking,
  display: string | undefined,
): void {
  const { report, traits } = encoding;
  const wanted = budgetOf(reasoning);
  if (wanted === undefined) {
    report.add('reasoning.effort', 'not known to the target');
    return;
  }
  const limit = request.generation.maxOutputTokens;
  if (limit !== undefined && limit <= MIN_BUDGET) {
    report.add('reasoning', `the target thinks with ${String(MIN_BUDGET)} tokens, more than the answer may have`);
    return;
  }
  const budget = Math.max(MIN_BUDGET, Math.min(wanted, limit === undefined ? wanted : limit - 1));
  if (limit === undefined) raiseLimit(out, (traits.defaultMaxTokens ?? DEFAULT_MAX_TOKENS) + budget);
  if (budget !== (reasoning.budgetTokens ?? budget)) report.add('reasoning.budgetTokens', `sent as ${String(budget)}`);
  fields['thinking'] = given({ type: 'enabled', budget_tokens: budget, display });
}

function budgetOf({ budgetTokens, effort }: ReasoningSettings): number | undefined {
  return budgetTokens ?? budgetOfEffort(effort ?? 'medium');
}

function raiseLimit(out: Out, limit: number): void {
  const inference = (out['inferenceConfig'] ??= {}) as Out;
  inference['maxTokens'] = limit;
}

/** Thinking is refused with other sampling than the model's own. */
function dropSampling(fields: Out, out: Out, report: LossReport): void {
  const inference = (out['inferenceConfig'] ?? {}) as Out;
  if (inference['temperature'] !== undefined && inference['temperature'] !== 1) {
    report.add('generation.temperature', 'refused by the target together with thinking');
    Reflect.deleteProperty(inference, 'temperature');
  }
  if (fields['top_k'] !== undefined) {
    report.add('generation.topK', 'refused by the target together with thinking');
    Reflect.deleteProperty(fields, 'top_k');
  }
  if (inference['topP'] !== undefined && Number(inference['topP']) < 0.95) {
    report.add('generation.topP', 'with thinking the target takes 0.95 at least');
    inference['topP'] = 0.95;
  }
}
