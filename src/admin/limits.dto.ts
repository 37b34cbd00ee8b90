import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, ValidateIf } from 'class-validator';
import { GatewayError } from '../../libs/protocol/index.js';
import { BUDGET_ENFORCEMENTS, type BudgetEnforcement } from '../tenancy/caller.js';
import type { Limited, Patch } from '../tenancy/tenants.js';
import { IsAlertPercents } from './alert-percents.decorator.js';
import {
  budgetFromInput,
  budgetView,
  IsBudget,
  IsLimit,
  limitFromInput,
  limitView,
  type BudgetInput,
  type LimitInput,
} from './limit.decorator.js';
import {
  IsModelLimits,
  modelLimitsFromInput,
  modelLimitsView,
  type ModelLimitsInput,
} from './model-limits.decorator.js';
import { definedOf, ifSent } from './patch.js';

/** The limits of an organisation, a project or a key as they come in. */
export class LimitsDto {
  @IsLimit('Requests per minute.')
  rpm_limit?: LimitInput;

  @IsLimit('Tokens per minute.')
  tpm_limit?: LimitInput;

  @IsLimit('Calls at the same time.')
  concurrency_limit?: LimitInput;

  @IsBudget("Spend per calendar day in the organisation's time zone.")
  daily_budget?: BudgetInput;

  @IsBudget("Spend per calendar month in the organisation's time zone.")
  monthly_budget?: BudgetInput;

  @ApiPropertyOptional({
    enum: BUDGET_ENFORCEMENTS,
    default: 'hard',
    description: 'hard: a call that would exceed a budget is refused; soft: it goes on and is reported.',
  })
  @ValidateIf((_object, value) => value !== undefined)
  @IsIn(BUDGET_ENFORCEMENTS)
  budget_enforcement?: BudgetEnforcement;

  @IsAlertPercents('Percentages of a budget at which an event is raised.')
  budget_alert_percents?: number[];

  @IsModelLimits('Limits on single models, on top of the others.')
  model_limits?: ModelLimitsInput | null;
}

/** With the name older gateways gave to `rpm_limit`. */
export class TenantLimitsDto extends LimitsDto {
  @IsLimit('Older name of rpm_limit.')
  rate_limit_per_min?: LimitInput;
}

/** Only the limits that were sent. */
export function limitsPatch(dto: TenantLimitsDto): Patch<Limited> {
  if (dto.rate_limit_per_min !== undefined && dto.rpm_limit !== undefined && dto.rate_limit_per_min !== dto.rpm_limit) {
    throw new GatewayError('invalid_request', 'rate_limit_per_min and rpm_limit are the same thing: send one.', {
      param: 'rate_limit_per_min',
    });
  }
  return definedOf({
    rpmLimit: ifSent(dto.rpm_limit === undefined ? dto.rate_limit_per_min : dto.rpm_limit, limitFromInput),
    tpmLimit: ifSent(dto.tpm_limit, limitFromInput),
    concurrencyLimit: ifSent(dto.concurrency_limit, limitFromInput),
    dailyBudget: ifSent(dto.daily_budget, budgetFromInput),
    monthlyBudget: ifSent(dto.monthly_budget, budgetFromInput),
    budgetEnforcement: dto.budget_enforcement,
    budgetAlertPercents: ifSent(dto.budget_alert_percents, (percents) => [...percents].sort((a, b) => a - b)),
    modelLimits: ifSent(dto.model_limits, modelLimitsFromInput),
  });
}

/** The limits of an organisation, a project or a key as they go out. */
export class LimitsView {
  @ApiProperty(documented('Requests per minute.', 'integer'))
  rpm_limit!: LimitInput;

  @ApiProperty(documented('Tokens per minute.', 'integer'))
  tpm_limit!: LimitInput;

  @ApiProperty(documented('Calls at the same time.', 'integer'))
  concurrency_limit!: LimitInput;

  @ApiProperty(documented('USD per calendar day.', 'number'))
  daily_budget!: LimitInput;

  @ApiProperty(documented('USD per calendar month.', 'number'))
  monthly_budget!: LimitInput;

  @ApiProperty({ enum: BUDGET_ENFORCEMENTS })
  budget_enforcement!: BudgetEnforcement;

  @ApiProperty({ type: [Number], description: 'Percentages of a budget at which an event is raised.' })
  budget_alert_percents!: number[];

  @ApiProperty({
    type: 'object',
    nullable: true,
    additionalProperties: { type: 'object' },
    description: 'Limits on single models, on top of the others; null: none.',
  })
  model_limits!: ModelLimitsInput | null;
}

function documented(description: string, type: 'integer' | 'number') {
  const oneOf = [{ type }, { type: 'string', enum: ['unlimited'] }, { type: 'null' }];
  return { description: `${description} null: inherited; "unlimited": no limit.`, oneOf };
}

export function limitsView(row: Limited): LimitsView {
  return {
    rpm_limit: limitView(row.rpmLimit),
    tpm_limit: limitView(row.tpmLimit),
    concurrency_limit: limitView(row.concurrencyLimit),
    daily_budget: budgetView(row.dailyBudget),
    monthly_budget: budgetView(row.monthlyBudget),
    budget_enforcement: row.budgetEnforcement,
    budget_alert_percents: [...row.budgetAlertPercents],
    model_limits: modelLimitsView(row.modelLimits),
  };
}

/** With the name older gateways gave to `rpm_limit`. */
export class TenantLimitsView extends LimitsView {
  @ApiProperty(documented('Older name of rpm_limit.', 'integer'))
  rate_limit_per_min!: LimitInput;
}

export function tenantLimitsView(row: Limited): TenantLimitsView {
  return { ...limitsView(row), rate_limit_per_min: limitView(row.rpmLimit) };
}
