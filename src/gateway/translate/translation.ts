import { type AnyFormatId, type FormatId, GatewayError, LossReport } from '../../../libs/protocol/index.js';
import { type EncodeAnswerContext, WIRE_FORMATS, type WireFormat } from '../../../libs/wire/index.js';
import type { Exchange } from '../../exchange/exchange.js';
import type { ProviderAdapter, Target } from '../../providers/provider-adapter.js';
import type { BackendEntry } from '../../registry/snapshot.js';
import type { Call } from '../call.js';
import { refuseKeptHistory } from './kept-history.js';
import { transformed } from './model-transforms.js';

/** One attempt of the translate lane: the request in the target's words, and how its answer is put into the caller's. */
export interface Translation {
  readonly caller: WireFormat;
  readonly target: WireFormat;
  readonly report: LossReport;
  readonly body: Buffer;
  /** What the format wants beside the provider's own headers: name, value, name, value… */
  readonly headers: readonly string[];
}

export function formatOf(id: AnyFormatId): WireFormat {
  const format = WIRE_FORMATS[id as FormatId];
  if (format === undefined) throw new GatewayError('upstream_error', `The format "${id}" is not spoken here.`);
  return format;
}

/**
 * Puts a call into the words of a target.
 * @throws GatewayError `invalid_request` where the caller wants no loss and there is one, or the request cannot be put so
 */
export function translate(call: Call, adapter: ProviderAdapter, target: Target, id: FormatId): Translation {
  const format = formatOf(id);
  const report = new LossReport(call.dialect, id);
  const traits = adapter.traits(target);
  const request = { ...transformed(call.canonical(), call.model), ...(call.stream && { includeUsage: true }) };
  if (call.dialect === 'openai-responses' && id !== call.dialect) refuseKeptHistory(request);
  const { body, headers } = format.encodeRequest(request, { report, model: target.model, traits });
  if (call.strict && report.lossy) throw lossError(report);
  const rules = adapter.bodyRules(id, 'generate');
  const fields: Record<string, unknown> = { ...body, ...rules.fields };
  if (!rules.namesModel) delete fields['model'];
  return {
    caller: formatOf(call.dialect),
    target: format,
    report,
    body: Buffer.from(JSON.stringify(fields)),
    headers: Object.entries(headers ?? {}).flat(),
  };
}

export function notSpoken({ provider }: BackendEntry): GatewayError {
  return new GatewayError('upstream_error', `The provider "${provider?.name ?? ''}" does not speak this dialect.`);
}

/** What an encoder of answers needs to know of the call. */
export function answerContext(call: Call, exchange: Exchange, report: LossReport): EncodeAnswerContext {
  return {
    report,
    id: exchange.id,
    created: Math.floor(exchange.startedAtMs / 1000),
    model: call.model.rewriteModelName ? call.modelName : null,
    includeUsage: call.dialect === 'openai-chat' ? call.includeUsage : undefined,
  };
}

export function lossError(report: LossReport): GatewayError {
  const { reasons } = report.summary();
  const said = reasons.map(({ path, reason }) => `${path}: ${reason}`).join('; ');
  return new GatewayError('invalid_request', `The provider of this model cannot carry all of the request: ${said}`, {
    param: reasons[0]?.path ?? 'omni_strict',
    code: 'lossy_translation',
  });
}

/** Losses for the header `x-omni-loss`: paths and reasons, visible ASCII, at most 1,000 characters. */
export function lossHeader(report: LossReport): string | null {
  if (!report.lossy) return null;
  const { reasons } = report.summary();
  const said = reasons.map(({ path, reason }) => (path === '' ? reason : `${path}: ${reason}`)).join('; ');
  return said.replace(/[^\x20-\x7e]/g, '?').slice(0, 1000);
}
