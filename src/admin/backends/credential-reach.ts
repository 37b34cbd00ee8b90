import { GatewayError } from '../../../libs/protocol/index.js';
import { ADMIN_ROLES } from '../../tenancy/administrator.js';
import type { Backend } from '../../registry/catalogue.js';
import type { Actor } from '../actor.decorator.js';

/**
 * A backend with a provider and a URL of its own sends the provider's credentials to that URL: who may not read or set secrets
 * may not send them somewhere either.
 * @throws GatewayError insufficient_scope
 */
export function checkCredentialReach(actor: Actor, before: Backend | null, after: Backend): void {
  if (after.url === null || after.providerId === null) return;
  if (before !== null && before.url === after.url && before.providerId === after.providerId) return;
  if (ADMIN_ROLES.indexOf(actor.administrator.role) >= ADMIN_ROLES.indexOf('admin')) return;
  throw new GatewayError(
    'insufficient_scope',
    'A backend with both url and provider_id sends the credentials of the provider to that url: this needs the role admin.',
  );
}
