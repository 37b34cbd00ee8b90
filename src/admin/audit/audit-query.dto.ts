import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { ListQuery } from '../list-query.dto.js';

export class AuditListQuery extends ListQuery {
  @ApiPropertyOptional({ example: 'key', description: 'Entries about this kind of resource only.' })
  @IsOptional()
  @IsString()
  @MaxLength(50)
  @Matches(/^\P{Cc}*$/u)
  resource?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Entries about this resource only.' })
  @IsOptional()
  @IsUUID('all')
  resource_id?: string;

  @ApiPropertyOptional({ example: 'key.rotate' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  @Matches(/^\P{Cc}*$/u)
  action?: string;
}
