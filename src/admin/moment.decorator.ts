import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';

/** RFC 3339: with a zone, or it would mean something else on every host. */
const MOMENT = /^(\d{4})-(\d\d)-(\d\d)[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** A field that holds a moment or null. Documented and validated; may be left out. */
export const IsMoment = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description: `${description} null: never.`,
      oneOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }],
    }),
    ValidateIf((_object, value) => value !== undefined && value !== null),
    ValidateBy({
      name: 'isMoment',
      validator: {
        validate: isMoment,
        defaultMessage: () => '$property must be a date and time with zone, as in 2030-01-31T12:00:00Z',
      },
    }),
  );

function isMoment(value: unknown): boolean {
  const found = typeof value === 'string' ? MOMENT.exec(value) : null;
  if (found === null || Number.isNaN(Date.parse(value as string))) return false;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  // Date.parse takes 30 February for 2 March.
  return year >= 1970 && new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

/** A checked moment. */
export function momentFromInput(value: string | null): Date | null {
  return value === null ? null : new Date(value);
}
