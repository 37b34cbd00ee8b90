import type { VendorVariables } from '../config/provider-environment.js';
import { PROFILES } from './profiles.js';
import { ownBaseUrl } from './provider-profile.js';

/** The environment variables that register providers, by vendor. */
export const VENDOR_VARIABLES: readonly VendorVariables[] = PROFILES.map((profile) => ({
  kind: profile.kind,
  title: profile.title,
  apiKey: profile.environment.apiKey,
  baseUrl: profile.environment.baseUrl,
  options: profile.options ?? [],
  ownBaseUrl: (options) => ownBaseUrl(profile, options),
}));
