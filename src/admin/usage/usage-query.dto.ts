import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { UsageFilter } from './usage-filter.dto.js';

/** A page of call records. */
export class UsageQuery extends UsageFilter {
  @ApiPropertyOptional({ type: Number, default: 50, minimum: 1, maximum: 1000 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;

  @ApiPropertyOptional({ description: '`next_cursor` of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  cursor?: string;

  @ApiPropertyOptional({
    description: 'The `x-request-id` of a call. Of the other filters only `from` counts with it.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  @Matches(/^\P{Cc}*$/u, { message: '$property must not contain control characters' })
  request_id?: string;
}

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** All call records that fit, as a file. */
export class UsageExportQuery extends UsageFilter {
  @ApiPropertyOptional({ enum: EXPORT_FORMATS, default: 'csv' })
  @IsOptional()
  @IsIn(EXPORT_FORMATS)
  format?: ExportFormat;
}
