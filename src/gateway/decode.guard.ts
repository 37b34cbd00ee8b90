import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../libs/protocol/index.js';
import { checkMetadata } from '../../libs/wire/index.js';
import type { Exchange } from '../exchange/exchange.js';
import { exchangeOf, requestOf } from '../exchange/exchange-opening.js';
import { Config } from '../config/config.js';
import { InputHash } from '../infra/crypto/input-hash.js';
import { estimateTokens, weighedBytes } from '../usage/meter.js';
import type { ModelEntry } from '../registry/snapshot.js';
import { type Asked, readAsked } from './asked.js';
import { ModelResolver } from './model-resolver.service.js';

/** More than any model generates: what a cap counts for where the model's own is unknown. */
const MAX_OUTPUT_TOKENS = 1_000_000;

/** Body and dialect → a call; the model it means is found and checked against what the key may use. 400, 403, 404. */
@Injectable()
export class DecodeGuard implements CanActivate {
  constructor(
    private readonly models: ModelResolver,
    private readonly inputHash: InputHash,
    private readonly config: Config,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = requestOf(context);
    const exchange = exchangeOf(request);
    const asked = readAsked(request, exchange.dialect, exchange.path);
    const { modelName } = asked;
    exchange.model = modelName;
    exchange.stream = asked.stream;
    const extensions = extensionsOf(asked, request.headers);
    exchange.metadata = extensions.metadata;
    const projectId = exchange.caller?.projectId ?? '';
    const model = this.models.resolve({
      name: modelName,
      projectId,
      route: extensions.route,
      provider: extensions.provider,
      queryProvider: queryProvider(request.query),
    });
    checkAllowed(exchange, modelName);
    exchange.modelEntry = model;
    exchange.upstreamModel = model.upstreamModel;
    exchange.metricsModel =
      model.createdAtSeconds === 0 ? `${model.backends[0]?.provider?.name ?? 'unknown'}/*` : model.name;
    exchange.maxTokens = asked.maxTokens;
    this.estimate(exchange, asked, model);
    exchange.inputHash = this.inputHash.of(asked.conversation);
    const { stream, includeUsage, chat, canonical, endpoint } = asked;
    const { provider: pinnedProvider, strict } = extensions;
    const timeoutMs = timeoutOf(request.headers);
    const { dialect } = exchange;
    request.call = {
      dialect,
      modelName,
      stream,
      includeUsage,
      strict,
      chat,
      canonical,
      endpoint,
      headers: request.headers,
      model,
      projectId,
      pinnedProvider,
      timeoutMs,
    };
    return true;
  }

  /** What the call may use at most, as far as can be foreseen. */
  private estimate(exchange: Exchange, asked: Asked, model: ModelEntry): void {
    if (asked.endpoint === null) {
      exchange.promptTokensEstimate = estimateTokens(promptBytes(asked, model));
      exchange.outputTokensCap = this.outputCap(asked, model) * asked.choiceCount;
    } else {
      exchange.promptTokensEstimate = asked.endpoint.promptTokens;
      exchange.searchUnitsCap = asked.endpoint.searchUnits;
    }
  }

  /**
   * What the caller allows, or the model's own defaults do, but no more than the model can give: an absurd `max_tokens` must not
   * claim a whole budget.
   */
  private outputCap({ maxTokens }: Asked, { maxOutputTokens, defaultParams }: ModelEntry): number {
    const allowed = maxTokens ?? capIn(defaultParams);
    const asked = allowed ?? maxOutputTokens ?? this.config.limits.defaultMaxTokens;
    return Math.min(asked, maxOutputTokens ?? MAX_OUTPUT_TOKENS);
  }
}

/** The cap that a model's default parameters put on calls that have none. */
function capIn(defaults: Readonly<Record<string, unknown>>): number | null {
  const caps = [defaults['max_tokens'], defaults['max_completion_tokens']].filter(
    (cap) => typeof cap === 'number' && Number.isSafeInteger(cap) && cap >= 0,
  );
  return caps.length === 0 ? null : Math.max(...(caps as number[]));
}

/** All bytes the upstream counts as prompt, the model's prefix among them, by what they weigh in tokens. */
function promptBytes({ conversation, besidesBytes }: Asked, { systemPrefix }: ModelEntry): number {
  return weighedBytes(conversation) + besidesBytes + (systemPrefix === null ? 0 : Buffer.byteLength(systemPrefix));
}

function queryProvider(query: unknown): string | null {
  const value = (query as Record<string, unknown>)['provider'];
  return typeof value === 'string' && value !== '' ? value : null;
}

function checkAllowed({ caller }: Exchange, model: string): void {
  if (caller === null || caller.allowedModels === null || caller.allowedModels.has(model)) return;
  throw new GatewayError('model_not_allowed', `The API key may not use the model "${model}".`, { param: 'model' });
}

interface Extensions {
  route: string | null;
  provider: string | null;
  metadata: Record<string, string> | null;
  strict: boolean;
}

/** Headers say the same as the body's fields, for clients that cannot add fields; the header wins. */
function extensionsOf({ extensions }: Asked, headers: IncomingHttpHeaders): Extensions {
  return {
    route: header(headers, 'x-omni-route') ?? extensions.route,
    provider: (header(headers, 'x-omni-provider') ?? extensions.provider)?.toLowerCase() ?? null,
    metadata: metadataHeader(headers) ?? extensions.metadata,
    strict: flag(headers, 'x-omni-strict') ?? extensions.strict ?? false,
  };
}

function header(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function flag(headers: IncomingHttpHeaders, name: string): boolean | null {
  const text = header(headers, name)?.toLowerCase() ?? null;
  if (text === null) return null;
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new GatewayError('invalid_request', `The header ${name} must be "true" or "false".`, { param: name });
}

function metadataHeader(headers: IncomingHttpHeaders): Record<string, string> | null {
  const text = header(headers, 'x-omni-metadata');
  if (text === null) return null;
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Refused below, like everything else that is no object.
  }
  return checkMetadata(value, 'x-omni-metadata');
}

function timeoutOf(headers: IncomingHttpHeaders): number | null {
  const text = header(headers, 'x-omni-timeout-ms');
  if (text === null) return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new GatewayError('invalid_request', 'The header x-omni-timeout-ms must be a whole number of milliseconds.', {
    param: 'x-omni-timeout-ms',
  });
}
