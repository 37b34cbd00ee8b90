import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';

/** A name people give: 1 to 200 characters, none of them a control character, no blank at either end. */
export const IsName = (example: string): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ minLength: 1, maxLength: 200, example }),
    IsString(),
    Length(1, 200),
    Matches(/^(?!\s)\P{Cc}*(?<!\s)$/u, {
      message: '$property must not begin or end blank nor contain control characters',
    }),
  );
