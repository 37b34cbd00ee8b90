import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayUnique, IsArray, IsInt, Max, Min, ValidateIf } from 'class-validator';

const MAX_PERCENTS = 20;
/** Soft budgets may be exceeded many times over. */
const MAX_PERCENT = 1000;

/** A list of percentages of a budget; empty: none. Documented and validated; may be left out. */
export const IsAlertPercents = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description: `${description} Empty: none.`,
      type: [Number],
      maxItems: MAX_PERCENTS,
      uniqueItems: true,
      default: [50, 80, 100],
    }),
    ValidateIf((_object, value) => value !== undefined),
    Max(MAX_PERCENT, { each: true }),
    Min(1, { each: true }),
    IsInt({ each: true }),
    ArrayUnique(),
    ArrayMaxSize(MAX_PERCENTS),
    IsArray(),
  );
