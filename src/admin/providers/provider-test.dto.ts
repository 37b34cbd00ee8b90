import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsUUID, ValidateIf } from 'class-validator';

export class TestProviderDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'Only this credential; left out: each active one.' })
  @ValidateIf((_object, value) => value !== undefined)
  @IsUUID('all')
  credential_id?: string;
}
