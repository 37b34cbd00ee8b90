import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { registerDecorator, ValidateIf } from 'class-validator';
import { UNLIMITED, type Limit } from '../tenancy/caller.js';

/** A limit as the API writes it: `null` inherits, `0` denies. */
export type LimitInput = number | 'unlimited' | null;
/** Money as the API takes it: USD as number or decimal string, `null` inherits, `0` denies. */
export type BudgetInput = number | string | null;

const MAX_LIMIT = 1_000_000_000_000;
const NANO_PER_USD = 1_000_000_000n;
const MAX_USD = 1_000_000_000n;
const DECIMAL = /^(\d{1,10})(?:\.(\d{1,9}))?$/;

/** A field that holds a limit: a whole number, `"unlimited"` or null. Documented and validated; may be left out. */
export const IsLimit = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description: `${description} null: inherit; 0: none allowed; "unlimited": no limit.`,
      oneOf: [{ type: 'integer', minimum: 0, maximum: MAX_LIMIT }, { type: 'string', enum: ['unlimited'] }, NULL],
    }),
    // Unlike IsOptional, null goes through the check and stays: it means "inherit".
    ValidateIf((_object, value) => value !== undefined),
    check('isLimit', isLimit, 'must be a whole number from 0 up, "unlimited" or null'),
  );

/** A field that holds a budget in USD. Documented and validated; may be left out. */
export const IsBudget = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description: `${description} In USD, at most 9 decimals. null: inherit; 0: none allowed; "unlimited": no limit.`,
      oneOf: [
        { type: 'number', minimum: 0, maximum: Number(MAX_USD) },
        { type: 'string', examples: ['12.50', 'unlimited'] },
        NULL,
      ],
    }),
    ValidateIf((_object, value) => value !== undefined),
    check(
      'isBudget',
      (value) => value === null || value === 'unlimited' || usdToNanoDollars(value) !== null,
      'must be USD from 0 to 1000000000 with at most 9 decimals, as number or decimal string, "unlimited" or null',
    ),
  );

const NULL = { type: 'null' };

function check(name: string, validate: (value: unknown) => boolean, message: string): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(property),
      options: { message: `$property ${message}` },
      validator: { validate },
    });
  };
}

/** Whether a value is a limit as the API writes it. */
export function isLimit(value: unknown): value is LimitInput {
  if (value === null || value === 'unlimited') return true;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_LIMIT;
}

/** A checked limit as it is stored. */
export function limitFromInput(value: LimitInput): Limit {
  return value === 'unlimited' ? UNLIMITED : value;
}

/** A checked budget in nano-dollars, as it is stored. */
export function budgetFromInput(value: BudgetInput): Limit {
  if (value === null) return null;
  return value === 'unlimited' ? UNLIMITED : usdToNanoDollars(value);
}

/** A stored limit as the API shows it. */
export function limitView(limit: Limit): number | 'unlimited' | null {
  return limit === UNLIMITED ? 'unlimited' : limit;
}

/** A stored budget in USD as the API shows it. */
export function budgetView(nanoDollars: Limit): number | 'unlimited' | null {
  if (nanoDollars === null) return null;
  return nanoDollars === UNLIMITED ? 'unlimited' : nanoDollars / Number(NANO_PER_USD);
}

/** Exact up to the last nano-dollar a `number` can hold (about 9 million USD); null when it is no amount of money. */
export function usdToNanoDollars(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  const found = DECIMAL.exec(typeof value === 'string' ? value : plainDecimal(value));
  if (found === null) return null;
  const nano = BigInt(found[1] ?? '0') * NANO_PER_USD + BigInt((found[2] ?? '').padEnd(9, '0'));
  return nano > MAX_USD * NANO_PER_USD ? null : Number(nano);
}

/** A number without an exponent: JavaScript writes 0.0000001 as 1e-7. */
function plainDecimal(value: number): string {
  const found = /^(\d)(?:\.(\d+))?e-(\d+)$/.exec(String(value));
  if (found === null) return String(value);
  return `0.${'0'.repeat(Number(found[3]) - 1)}${found[1] ?? ''}${found[2] ?? ''}`;
}
