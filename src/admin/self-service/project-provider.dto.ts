import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsString, Length, Matches, MaxLength, ValidateIf } from 'class-validator';

/** A project's own account at a vendor. */
export class PutProjectProviderDto {
  @ApiProperty({ writeOnly: true, description: 'The key itself. It goes in and never comes out.' })
  @Matches(/^[\x21-\x7e]+$/, { message: '$property must be printable ASCII without blanks' })
  @Length(1, 8192)
  @IsString()
  api_key!: string;

  @ApiPropertyOptional({
    description:
      'A public https URL, as the vendor’s own SDK takes it; left out: where the gateway’s provider is, or the vendor.',
  })
  @ValidateIf((_object, value) => value !== undefined)
  @MaxLength(2048)
  @IsString()
  base_url?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    description:
      'Facts of the account that are no secrets, as options of a provider are; Azure’s `endpoint` here is its base URL.',
    example: { endpoint: 'https://example.openai.azure.com', deployment: 'gpt-4o', api_version: '2024-10-21' },
  })
  @ValidateIf((_object, value) => value !== undefined)
  @IsObject()
  meta?: Record<string, string>;
}
