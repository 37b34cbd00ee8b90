import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import type { PageRequest } from '../infra/database/keyset-page.js';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** The query of every list. A list with filters of its own extends it. */
export class ListQuery {
  @ApiPropertyOptional({ type: Number, default: DEFAULT_LIMIT, minimum: 1, maximum: MAX_LIMIT })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_LIMIT)
  limit?: number;

  @ApiPropertyOptional({ description: '`next_cursor` of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  cursor?: string;

  @ApiPropertyOptional({ description: 'Part of a name, in any case.' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  @Matches(/^\P{Cc}*$/u, { message: 'q must not contain control characters' })
  q?: string;

  @ApiPropertyOptional({ description: 'Field to sort by; `-` in front for descending order.', default: '-created_at' })
  @IsOptional()
  @IsString()
  @MaxLength(50)
  sort?: string;
}

/** What the rooms want to know about the page. Empty values (`?q=`) count as absent. */
export function pageRequest(query: ListQuery): PageRequest {
  return {
    limit: query.limit ?? DEFAULT_LIMIT,
    cursor: query.cursor || null,
    search: query.q || null,
    sort: query.sort || null,
  };
}
