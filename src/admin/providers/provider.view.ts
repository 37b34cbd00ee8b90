import { ApiProperty } from '@nestjs/swagger';
import type { Provider } from '../../registry/catalogue.js';
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
  @ApiProperty({ type: [CredentialView] })
  credentials!: CredentialView[];
}

export function providerView(provider: Provider): BareProviderView {
  return {
    id: provider.id,
    name: provider.name,
    kind: provider.kind,
    base_url: provider.baseUrl,
    active: provider.active,
    created_at: provider.createdAt.toISOString(),
    updated_at: provider.updatedAt.toISOString(),
    version: provider.version,
  };
}
