import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsISO8601, IsOptional, IsString, MaxLength } from 'class-validator';

/** Which calls to charge anew. */
export class ReRateDto {
  @ApiProperty({ format: 'date-time', description: 'Calls that began from this moment on.' })
  @IsISO8601({ strict: true })
  from!: string;

  @ApiProperty({ format: 'date-time', description: 'Calls that began before this moment.' })
  @IsISO8601({ strict: true })
  to!: string;

  @ApiPropertyOptional({ description: 'Only calls of this model, by the name callers used.' })
  @IsOptional()
  @IsString()
  @MaxLength(256)
  model?: string;

  @ApiPropertyOptional({ default: false, description: 'Only say what would change.' })
  @IsOptional()
  @IsBoolean()
  dry_run?: boolean;
}
