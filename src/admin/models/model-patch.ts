import { GatewayError } from '../../../libs/protocol/index.js';
import type { ModelPatch } from '../../registry/catalogue.js';
import { timeoutsPatch } from '../backends/timeouts.dto.js';
import { limitFromInput, type LimitInput } from '../limit.decorator.js';
import { definedOf, ifSent } from '../patch.js';
import { checkDefaultParams } from './default-params.js';
import type { ChangeModelDto, RateLimitsDto, ReasoningConfigDto, TransformsDto } from './model.dto.js';

/**
 * Only what was sent. A group (`transforms`, `rate_limits`…) that is sent changes the fields it has; a group that is null goes
 * back to the defaults.
 * @throws GatewayError invalid_request naming the field
 */
export function modelPatch(dto: ChangeModelDto): ModelPatch {
  return definedOf({
    name: dto.name,
    modelId: dto.model_id,
    active: dto.active,
    defaultParams: ifSent(dto.default_params, defaultParams),
    enableThinking: ifSent(dto.reasoning_config, enableThinking),
    ...ifSent(dto.transforms, transforms),
    ...ifSent(dto.rate_limits, rateLimits),
    maxOutputTokens: dto.max_output_tokens,
    contextWindow: dto.context_window,
    timeouts: ifSent(dto.timeouts, timeoutsPatch),
  });
}

function defaultParams(params: Record<string, unknown> | null): Record<string, unknown> {
  if (params === null) return {};
  checkDefaultParams(params);
  return params;
}

function enableThinking(dto: ReasoningConfigDto | null): boolean | null | undefined {
  if (dto === null) return null;
  const { enabled, enable_thinking: older } = dto;
  if (enabled !== undefined && older !== undefined && enabled !== older) {
    throw new GatewayError('invalid_request', 'enabled and enable_thinking are the same thing: send one.', {
      param: 'reasoning_config.enable_thinking',
    });
  }
  return enabled === undefined ? older : enabled;
}

function transforms(dto: TransformsDto | null) {
  if (dto === null) return { systemPromptPrefix: null, rewriteModelName: true };
  return { systemPromptPrefix: dto.system_prompt_prefix, rewriteModelName: dto.rewrite_model_name };
}

function rateLimits(dto: RateLimitsDto | null) {
  const limit = (value: LimitInput | undefined) => (dto === null ? null : ifSent(value, limitFromInput));
  return { rpmLimit: limit(dto?.rpm), tpmLimit: limit(dto?.tpm), concurrencyLimit: limit(dto?.concurrency) };
}
