import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, IsBoolean, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import type { FormatId } from '../../../libs/protocol/index.js';
import { TRANSCODED, type Transcoded, WIRE_FORMATS } from '../../../libs/wire/index.js';

const FORMATS = Object.keys(WIRE_FORMATS);

export class TranscodeDto {
  @ApiProperty({ enum: FORMATS, description: 'The format the body is in.' })
  @IsIn(FORMATS)
  from!: FormatId;

  @ApiProperty({ enum: FORMATS, description: 'The format wanted.' })
  @IsIn(FORMATS)
  to!: FormatId;

  @ApiPropertyOptional({ enum: TRANSCODED, default: 'request' })
  @IsOptional()
  @IsIn(TRANSCODED)
  kind?: Transcoded;

  @ApiPropertyOptional({ description: 'The model in the result, and of formats whose URL names it.' })
  @IsOptional()
  @IsString()
  @MaxLength(256)
  model?: string;

  @ApiPropertyOptional({ description: 'Whether the request asks for a stream, for formats whose URL says so.' })
  @IsOptional()
  @IsBoolean()
  stream?: boolean;

  @ApiProperty({ description: 'A JSON object; of a stream its text, of a binary one base64.' })
  @Allow()
  body!: unknown;
}
