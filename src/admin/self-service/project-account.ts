import { GatewayError } from '../../../libs/protocol/index.js';
import { profileOf } from '../../providers/profiles.js';
import type { ProjectProviderDraft } from '../../registry/project-providers.service.js';
import type { ProviderEntry } from '../../registry/snapshot.js';
import { baseUrlOf, checkOptions, withFallbacks } from '../providers/provider-options.js';
import type { PutProjectProviderDto } from './project-provider.dto.js';

type Account = Pick<ProjectProviderDraft, 'name' | 'kind' | 'baseUrl' | 'options' | 'secret'>;

/**
 * What a project's account is, from what it says and what the gateway has under that name: where the project names no place, the
 * gateway's provider of that name stays where it is; a vendor the gateway has no provider of is called at its own place.
 * @throws GatewayError provider_not_found, invalid_request naming the field
 */
export function accountOf(name: string, body: PutProjectProviderDto, shared: ProviderEntry | undefined): Account {
  const { endpoint, ...options } = body.meta ?? {};
  const ownUrl = body.base_url ?? endpoint;
  if (ownUrl !== undefined && typeof ownUrl !== 'string') {
    throw new GatewayError('invalid_request', 'meta.endpoint must be a string.', { param: 'meta.endpoint' });
  }
  if (shared !== undefined && ownUrl === undefined) {
    checkOptions(shared.kind, { ...shared.options, ...options }, 'meta');
    return { name, kind: null, baseUrl: null, options, secret: body.api_key };
  }
  const kind = shared?.kind ?? vendorOf(name);
  const whole = withFallbacks(kind, options);
  checkOptions(kind, whole, 'meta');
  return { name, kind, baseUrl: ownUrl ?? baseUrlOf(kind, whole), options: whole, secret: body.api_key };
}

function vendorOf(name: string): string {
  const kind = profileOf(name)?.kind;
  if (kind !== undefined) return kind;
  throw new GatewayError('provider_not_found', `There is no provider and no vendor "${name}".`, { param: 'provider' });
}
