import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsISO8601, IsOptional, IsString, IsUUID, Matches, Max, MaxLength, Min } from 'class-validator';
import { CALL_OUTCOMES, type CallOutcome } from '../../ledger/call-record.js';
import type { CallRecordFilter } from '../../ledger/call-record.repository.js';
import { definedOf } from '../patch.js';

/** Which call records are asked for. */
export class UsageFilter {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  org_id?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  project_id?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  key_id?: string;

  @ApiPropertyOptional({ description: 'The name callers used.' })
  @IsOptional()
  @IsString()
  @MaxLength(256)
  @Matches(/^\P{Cc}*$/u, { message: '$property must not contain control characters' })
  model?: string;

  @ApiPropertyOptional({ description: 'The name of the provider.' })
  @IsOptional()
  @IsString()
  @MaxLength(256)
  @Matches(/^\P{Cc}*$/u, { message: '$property must not contain control characters' })
  provider?: string;

  @ApiPropertyOptional({ type: Number, description: 'The HTTP status the caller was given.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(599)
  status?: number;

  @ApiPropertyOptional({ enum: CALL_OUTCOMES })
  @IsOptional()
  @IsIn(CALL_OUTCOMES)
  outcome?: CallOutcome;

  @ApiPropertyOptional({ format: 'date-time', description: 'From this moment on.' })
  @IsOptional()
  @IsISO8601({ strict: true })
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Before this moment.' })
  @IsOptional()
  @IsISO8601({ strict: true })
  to?: string;
}

/** @param only the one organisation the administrator may see, `null`: all. Returns `null` when nothing is left to see. */
export function recordFilter(query: UsageFilter, only: string | null): CallRecordFilter | null {
  if (only !== null && query.org_id !== undefined && query.org_id !== only) return null;
  const org = only ?? query.org_id;
  return {
    ...(org !== undefined && { orgId: org }),
    ...definedOf({
      projectId: query.project_id,
      keyId: query.key_id,
      model: query.model,
      provider: query.provider,
      status: query.status,
      outcome: query.outcome,
      fromMs: query.from === undefined ? undefined : Date.parse(query.from),
      toMs: query.to === undefined ? undefined : Date.parse(query.to),
    }),
  };
}
