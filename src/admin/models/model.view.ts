import { ApiProperty } from '@nestjs/swagger';
import type { Model } from '../../registry/catalogue.js';
import { LiveBackendView } from '../backends/backend.view.js';
import { TimeoutsView, timeoutsView } from '../backends/timeouts.dto.js';
import { limitView, type LimitInput } from '../limit.decorator.js';

const limit = { oneOf: [{ type: 'integer' }, { type: 'string', enum: ['unlimited'] }, { type: 'null' }] };

export class ReasoningConfigView {
  @ApiProperty({ type: 'boolean', nullable: true })
  enabled!: boolean | null;

  @ApiProperty({ type: 'boolean', nullable: true, description: 'Other name of enabled.' })
  enable_thinking!: boolean | null;
}

export class TransformsView {
  @ApiProperty({ type: 'string', nullable: true })
  system_prompt_prefix!: string | null;

  @ApiProperty()
  rewrite_model_name!: boolean;
}

export class RateLimitsView {
  @ApiProperty(limit)
  rpm!: LimitInput;

  @ApiProperty(limit)
  tpm!: LimitInput;

  @ApiProperty(limit)
  concurrency!: LimitInput;
}

/** A model without its backends, as the audit log keeps changes of it. */
export class BareModelView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ description: 'What callers name.' })
  name!: string;

  @ApiProperty({ description: 'What the upstream calls it.' })
  model_id!: string;

  @ApiProperty()
  active!: boolean;

  @ApiProperty({ type: 'object', additionalProperties: true })
  default_params!: Readonly<Record<string, unknown>>;

  @ApiProperty({ type: ReasoningConfigView })
  reasoning_config!: ReasoningConfigView;

  @ApiProperty({ type: TransformsView })
  transforms!: TransformsView;

  @ApiProperty({ type: RateLimitsView })
  rate_limits!: RateLimitsView;

  @ApiProperty({ type: 'integer', nullable: true })
  max_output_tokens!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  context_window!: number | null;

  @ApiProperty({ type: TimeoutsView })
  timeouts!: TimeoutsView;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ description: 'Rises with every change of the model itself; also the ETag.' })
  version!: number;
}

export class ModelView extends BareModelView {
  @ApiProperty({ type: [LiveBackendView] })
  backends!: LiveBackendView[];
}

export function modelView(model: Model): BareModelView {
  return {
    id: model.id,
    name: model.name,
    model_id: model.modelId,
    active: model.active,
    default_params: model.defaultParams,
    reasoning_config: { enabled: model.enableThinking, enable_thinking: model.enableThinking },
    transforms: { system_prompt_prefix: model.systemPromptPrefix, rewrite_model_name: model.rewriteModelName },
    rate_limits: {
      rpm: limitView(model.rpmLimit),
      tpm: limitView(model.tpmLimit),
      concurrency: limitView(model.concurrencyLimit),
    },
    max_output_tokens: model.maxOutputTokens,
    context_window: model.contextWindow,
    timeouts: timeoutsView(model.timeouts),
    created_at: model.createdAt.toISOString(),
    updated_at: model.updatedAt.toISOString(),
    version: model.version,
  };
}
