import { ApiProperty } from '@nestjs/swagger';
import type { Provider, ProviderFacts } from '../../registry/catalogue.js';
import { CredentialView } from './credential.view.js';

/** A provider without its credentials, as the audit log keeps changes of it. */
export class BareProviderView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  kind!: string;

  @ApiProperty()
  base_url!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  options!: Record<string, string>;

  @ApiProperty()
  active!: boolean;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ description: 'Rises with every change of the provider itself; also the ETag.' })
  version!: number;
}

export class ProviderView extends BareProviderView {
  @ApiProperty({
    enum: ['database', 'environment'],
    description: 'What environment variables register can be read here and not changed.',
  })
  source!: ProviderFacts['source'];

  @ApiProperty({ type: [CredentialView] })
  credentials!: CredentialView[];
}

export function providerView(provider: Provider): BareProviderView {
  return {
    id: provider.id,
    name: provider.name,
    kind: provider.kind,
    base_url: provider.baseUrl,
    options: { ...provider.options },
    active: provider.active,
    created_at: provider.createdAt.toISOString(),
    updated_at: provider.updatedAt.toISOString(),
    version: provider.version,
  };
}
