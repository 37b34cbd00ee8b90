import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';
import { decimalText, nanoDollars } from '../../../libs/protocol/index.js';

/** A price as the API takes it: USD as decimal string or number. */
export type PriceInput = string | number;

const USD = {
  oneOf: [
    { type: 'string', examples: ['2.5', '0.003625'] },
    { type: 'number', minimum: 0 },
  ],
};

const IsUsd = (): PropertyDecorator =>
  ValidateBy({
    name: 'isUsd',
    validator: {
      validate: (value) => nanoOf(value) !== null,
      defaultMessage: () =>
        '$property must be USD from 0 to 1000000 with at most 9 decimals, as decimal string or number',
    },
  });

/** A price that must be there. Documented and validated. */
export const IsPrice = (description: string): PropertyDecorator =>
  applyDecorators(ApiProperty({ description, ...USD }), IsUsd());

/** A price that may be left out or null. Documented and validated. */
export const IsOptionalPrice = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ description, oneOf: [...USD.oneOf, { type: 'null' }] }),
    ValidateIf((_object, value) => value !== undefined && value !== null),
    IsUsd(),
  );

/** A checked price in nano-dollars. */
export function priceFromInput(value: PriceInput): number {
  return nanoOf(value) ?? 0;
}

function nanoOf(value: unknown): number | null {
  if (typeof value === 'string') return nanoDollars(value);
  return typeof value === 'number' && value >= 0 ? nanoDollars(decimalText(value)) : null;
}
