import type { LossReport, ReasoningSettings } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { budgetOfEffort, effortOfBudget } from '../reasoning-effort.js';
import type { TargetTraits } from '../wire-format.js';
import type { MessageEncoding } from './encode-messages.js';
import { generationOf } from './model-generation.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes `thinkingConfig`: levels from Gemini 3 on, tokens before. */
export function encodeThinking(
  reasoning: ReasoningSettings,
  model: string,
  encoding: MessageEncoding,
  style: TargetTraits['reasoningStyle'],
): Out | undefined {
  const { own, report } = encoding;
  reportExtensions(report, reasoning.extensions, FORMAT, 'reasoning');
  if (own) return ownThinking(reasoning);
  if (style === 'none') {
    report.add('reasoning', 'the model does not think');
    return undefined;
  }
  if (reasoning.summary !== undefined && !['auto', 'none'].includes(reasoning.summary))
    report.add('reasoning.summary', 'not known to the target');
  const levels = style === undefined ? (generationOf(model) ?? 0) >= 3 : style === 'effort';
  const how = levels ? levelOf(reasoning, model, encoding) : budgetOf(reasoning, model, encoding);
  const out = given({ includeThoughts: showsThoughts(reasoning), ...how });
  return Object.keys(out).length === 0 ? undefined : out;
}

function ownThinking({ enabled, budgetTokens, effort, visible, extensions, form }: ReasoningSettings): Out {
  const thinkingBudget = budgetTokens ?? (enabled === false ? 0 : enabled === true ? -1 : undefined);
  const out = given({ includeThoughts: visible, thinkingBudget, thinkingLevel: form ?? effort });
  writeExtensions(out, extensions, FORMAT);
  return out;
}

/** Callers of other formats see thoughts where they asked for them in words of their own. */
function showsThoughts({ visible, summary, enabled }: ReasoningSettings): boolean | undefined {
  if (visible !== undefined) return visible;
  if (summary !== undefined) return summary === 'none' ? undefined : true;
  return enabled === true ? true : undefined;
}

const LEVELS: Readonly<Record<string, string>> = {
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
  max: 'HIGH',
};

/** Gemini 3 cannot leave thinking be; its Pro models have no least level, the first of them no middle one. */
function levelOf(reasoning: ReasoningSettings, model: string, { report }: MessageEncoding): Out {
  const { wanted, field } = wantedLevel(reasoning);
  if (wanted === undefined) return {};
  if (!Object.hasOwn(LEVELS, wanted)) {
    report.add('reasoning.effort', 'not known to the target');
    return {};
  }
  const level = possibleLevel(LEVELS[wanted]!, model);
  if (level !== wanted.toUpperCase() || field !== 'effort')
    report.add(`reasoning.${field}`, `told as the level '${level}'`);
  return { thinkingLevel: level };
}

/** The effort asked for, and by which field. */
function wantedLevel(reasoning: ReasoningSettings): {
  readonly wanted: string | undefined;
  readonly field: 'enabled' | 'effort' | 'budgetTokens';
} {
  const { effort, budgetTokens } = reasoning;
  if (isOff(reasoning)) return { wanted: 'minimal', field: 'enabled' };
  if (effort !== undefined) return { wanted: effort, field: 'effort' };
  return { wanted: budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens), field: 'budgetTokens' };
}

function isOff({ enabled, effort }: ReasoningSettings): boolean {
  return enabled === false || effort === 'none';
}

function possibleLevel(level: string, model: string): string {
  if (!model.includes('pro')) return level;
  if (level === 'MINIMAL') return 'LOW';
  return level === 'MEDIUM' && model.includes('gemini-3-pro') ? 'HIGH' : level;
}

/** The most and the least Gemini 2.5 thinks. */
const MAX_BUDGET = 24_576;
const MAX_PRO_BUDGET = 32_768;
const MIN_PRO_BUDGET = 128;

function budgetOf(reasoning: ReasoningSettings, model: string, { report }: MessageEncoding): Out {
  const { effort, budgetTokens, enabled } = reasoning;
  const isPro = model.includes('pro');
  if (isOff(reasoning)) return { thinkingBudget: leastBudget(isPro, report) };
  const wanted = budgetTokens ?? (effort === undefined ? undefined : budgetOfEffort(effort));
  if (wanted === undefined) {
    if (effort !== undefined) report.add('reasoning.effort', 'not known to the target');
    return enabled === true ? { thinkingBudget: -1 } : {};
  }
  const most = isPro ? MAX_PRO_BUDGET : MAX_BUDGET;
  if (wanted <= most) return { thinkingBudget: wanted };
  report.add(`reasoning.${budgetTokens === undefined ? 'effort' : 'budgetTokens'}`, `sent as ${String(most)} tokens`);
  return { thinkingBudget: most };
}

function leastBudget(isPro: boolean, report: LossReport): number {
  if (!isPro) return 0;
  report.add('reasoning.enabled', `the model thinks with ${String(MIN_PRO_BUDGET)} tokens at least`);
  return MIN_PRO_BUDGET;
}
