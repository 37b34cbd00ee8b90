/**
 * Names that say what stands behind them. Compared without case, hyphens, underscores, dots and spaces, so that `X-Api-Key`,
 * `x_api_key` and `xApiKey` are one.
 */

/** The credential itself, whatever it looks like. */
const SECRETS: ReadonlySet<string> = names(
  'authorization proxy-authorization x-api-key api-key x-goog-api-key cookie set-cookie access_token secret password passwd',
  'passphrase credential credentials client_secret refresh_token id_token auth_token bearer_token session_token csrf_token',
  'security_token x-amz-security-token x-amz-signature x-amz-credential private_key private_key_id subscription_key',
  'signing_key master_key encryption_key admin_key x-admin-key access_key access_key_id secret_key pwd',
);

/** The credential in some places and an ordinary word in others: only strings, and not the token of a log probability. */
const AMBIGUOUS: ReadonlySet<string> = names('key token ak');

/** Credentials in the query of a URL only. */
const QUERY_SECRETS: ReadonlySet<string> = names('sig signature x-goog-signature x-goog-credential code auth');

/** Who it is about. */
const IDENTITIES: ReadonlySet<string> = names(
  'organization_id organisation_id organization_uuid org_id project_id workspace_id account_id account_uuid tenant_id user_id',
  'end_user_id device_id safety_identifier',
);

/** Headers only: there the bare word is an id. */
const IDENTITY_HEADERS: ReadonlySet<string> = names(
  'openai-organization openai-project anthropic-organization-id anthropic-workspace-id x-goog-user-project org-id',
  'x-databricks-org-id chatgpt-account-id x-ms-client-principal-id',
);

/** Pictures and sounds, which make a fixture large and nothing clearer. */
const BLOBS: ReadonlySet<string> = names('data_base64 image_base64 b64_json audio_base64');

const SECRET_ENDING =
  /(?:apikey|secretkey|accesskey|accesskeyid|privatekey|subscriptionkey|password|passwd|secret|accesstoken|authtoken|sessiontoken|securitytoken|refreshtoken|bearertoken|authorization|cookie)$/;
const IDENTITY_ENDING = /(?:organizationid|organisationid|workspaceid|accountid)$/;
const HEADER_ENDING = /(?:key|token|signature|credentials?|session|sessionid|auth)$/;

/** `secret` and `identity` may be numbers as well, `ambiguous` and `blob` are strings. */
export type NameKind = 'secret' | 'ambiguous' | 'identity' | 'blob';

function names(...lists: readonly string[]): ReadonlySet<string> {
  return new Set(lists.flatMap((list) => list.split(' ')).map(plain));
}

function plain(name: string): string {
  return name.replace(/[-_.\s]/g, '').toLowerCase();
}

/** The longest name that is judged by its ending. */
const MAX_NAME_CHARACTERS = 128;

/** What a JSON key or the name of a form field says about its value. */
export function kindOfName(name: string): NameKind | null {
  if (name.length > MAX_NAME_CHARACTERS) return null;
  const key = plain(name);
  if (SECRETS.has(key) || SECRET_ENDING.test(key)) return 'secret';
  if (AMBIGUOUS.has(key)) return 'ambiguous';
  if (IDENTITIES.has(key) || IDENTITY_ENDING.test(key)) return 'identity';
  return BLOBS.has(key) ? 'blob' : null;
}

/** Whether a header's value must not be kept. */
export function isSecretHeader(name: string): boolean {
  const key = plain(name);
  if (/^access-control-/i.test(name)) return false;
  return kindOfName(name) !== null || IDENTITY_HEADERS.has(key) || HEADER_ENDING.test(key);
}

/** Whether a query parameter's value must not be kept. */
export function isSecretParameter(name: string): boolean {
  return kindOfName(name) !== null || QUERY_SECRETS.has(plain(name));
}
