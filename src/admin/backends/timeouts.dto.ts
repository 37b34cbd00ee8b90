import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsObject, Max, Min, ValidateIf, ValidateNested } from 'class-validator';
import type { Timeouts } from '../../registry/snapshot.js';
import type { TimeoutsPatch } from '../../registry/catalogue.js';
import { definedOf } from '../patch.js';

const MIN_MS = 10;
const MAX_MS = 86_400_000;

const IsTimeout = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'integer',
      nullable: true,
      minimum: MIN_MS,
      maximum: MAX_MS,
      description: `${description} null: as configured.`,
    }),
    ValidateIf((_object, value) => value !== undefined && value !== null),
    Max(MAX_MS),
    Min(MIN_MS),
    IsInt(),
  );

/** Time-outs of one attempt; those left out stay as they are. */
export class TimeoutsDto {
  @IsTimeout('Until the connection stands.')
  connect_ms?: number | null;

  @IsTimeout('Until the answer begins.')
  first_byte_ms?: number | null;

  @IsTimeout('Longest silence between two bytes.')
  idle_ms?: number | null;

  @IsTimeout('Whole answers: until the last byte.')
  total_ms?: number | null;
}

/** A field `timeouts` that may be left out or null. */
export const IsTimeouts = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: TimeoutsDto, nullable: true }),
    ValidateIf((_object, value) => value !== undefined && value !== null),
    ValidateNested(),
    Type(() => TimeoutsDto),
    IsObject(),
  );

export function timeoutsPatch(dto: TimeoutsDto | null): TimeoutsPatch | null {
  if (dto === null) return null;
  return definedOf({
    connectMs: dto.connect_ms,
    firstByteMs: dto.first_byte_ms,
    idleMs: dto.idle_ms,
    totalMs: dto.total_ms,
  });
}

const milliseconds = { type: 'integer', nullable: true } as const;

export class TimeoutsView {
  @ApiProperty(milliseconds)
  connect_ms!: number | null;

  @ApiProperty(milliseconds)
  first_byte_ms!: number | null;

  @ApiProperty(milliseconds)
  idle_ms!: number | null;

  @ApiProperty(milliseconds)
  total_ms!: number | null;
}

export function timeoutsView(timeouts: Timeouts): TimeoutsView {
  return {
    connect_ms: timeouts.connectMs ?? null,
    first_byte_ms: timeouts.firstByteMs ?? null,
    idle_ms: timeouts.idleMs ?? null,
    total_ms: timeouts.totalMs ?? null,
  };
}
