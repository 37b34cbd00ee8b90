import type { ProviderAdapter, Target } from '../../providers/provider-adapter.js';
import type { Call } from '../call.js';
import { lossError, notSpoken } from '../translate/translation.js';
import type { EndpointPlan } from './endpoint-ask.js';

/**
 * Puts a call that is no generation into the words of a target.
 * @throws GatewayError `upstream_error` where the provider offers no such thing; `invalid_request` where it cannot be asked so, or
 *   the caller wants no loss and there is one
 */
export function planEndpoint(
  { endpoint: ask, model, strict }: Call,
  adapter: ProviderAdapter,
  target: Target,
): { readonly path: string; readonly plan: EndpointPlan } {
  if (ask === null) throw new Error('the call is a generation');
  const format = adapter.endpointFormat(target, ask.endpoint);
  const path = format === null ? null : adapter.endpointPath(target, ask.endpoint);
  if (format === null || path === null) throw notSpoken(target.backend);
  const plan = ask.plan({ format, model: target.model, traits: adapter.traits(target) }, model);
  if (strict && plan.report.lossy) throw lossError(plan.report);
  return { path, plan };
}
