/** A fact of a vendor account that environment variables may give. */
export interface VendorOption {
  readonly name: string;
  /** The first that is set wins. */
  readonly env: readonly string[];
  /** Of those, the ones that by themselves say that the provider is wanted. */
  readonly registers?: readonly string[];
  readonly required?: boolean;
  /** Whole values it may have. */
  readonly pattern: RegExp;
  readonly fallback?: string;
  readonly about: string;
}

/** What of a vendor the environment may say. The vendors themselves are in `src/providers`. */
export interface VendorVariables {
  /** The provider's name and kind. */
  readonly kind: string;
  readonly title: string;
  readonly apiKey: readonly string[];
  readonly baseUrl: readonly string[];
  readonly options: readonly VendorOption[];
  /** The vendor's own base URL under these options; `null`: it has none, or an option it is made of is not set. */
  readonly ownBaseUrl: (options: Readonly<Record<string, string>>) => string | null;
}

/** A provider that the environment registers. */
export interface EnvironmentProvider {
  readonly name: string;
  readonly kind: string;
  /** Without slashes at the end. */
  readonly baseUrl: string;
  readonly apiKey: string | null;
  /** The variable the key came from. */
  readonly apiKeyName: string | null;
  readonly options: Readonly<Record<string, string>>;
}

interface Found {
  readonly providers: readonly EnvironmentProvider[];
  /** What is set and wrong. */
  readonly faults: readonly string[];
  /** Providers that something speaks for, but not enough: other programs may have set those variables. */
  readonly notices: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

/** The providers that are registered by `<PROVIDER>_API_KEY`, `<PROVIDER>_BASE_URL` and the like. */
export function providersFromEnvironment(env: Env, vendors: readonly VendorVariables[]): Found {
  const providers: EnvironmentProvider[] = [];
  const faults: string[] = [];
  const notices: string[] = [];
  for (const vendor of vendors) {
    const wanted = wantedBy(env, vendor);
    if (wanted === undefined) continue;
    const wrong = faultsOf(env, vendor);
    faults.push(...wrong);
    if (wrong.length > 0) continue;
    const missing = missingOf(env, vendor);
    if (missing === null) providers.push(providerOf(env, vendor));
    else notices.push(`${wanted} is set, but ${missing} is not: the provider ${vendor.kind} is not registered`);
  }
  return { providers, faults, notices };
}

function firstSet(env: Env, names: readonly string[]): string | undefined {
  return names.find((name) => (env[name] ?? '') !== '');
}

function valueOf(env: Env, names: readonly string[]): string | null {
  const name = firstSet(env, names);
  return name === undefined ? null : (env[name] ?? null);
}

/** The variable that says that the provider is wanted. */
function wantedBy(env: Env, { apiKey, baseUrl, options }: VendorVariables): string | undefined {
  return firstSet(env, [...apiKey, ...baseUrl, ...options.flatMap(({ registers = [] }) => registers)]);
}

function optionsOf(env: Env, vendor: VendorVariables): Record<string, string> {
  return Object.fromEntries(
    vendor.options.flatMap(({ name, env: names, fallback }) => {
      const value = valueOf(env, names) ?? fallback;
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The values themselves are left out: they may be secrets that stand in the wrong place. */
function faultsOf(env: Env, { baseUrl, apiKey, options }: VendorVariables): string[] {
  return [
    ...faultIn(env, baseUrl, isPlainUrl, 'be an http(s) URL without user, query and fragment'),
    ...faultIn(env, apiKey, isSendable, 'be printable ASCII without blanks'),
    ...options.flatMap(({ env: names, pattern }) =>
      faultIn(env, names, (value) => pattern.test(value), `match ${pattern}`),
    ),
  ];
}

function faultIn(env: Env, names: readonly string[], holds: (value: string) => boolean, must: string): string[] {
  const name = firstSet(env, names);
  return name === undefined || holds(env[name] ?? '') ? [] : [`${name} must ${must}`];
}

/** A key ends up in a header; the JSON of an account does not. */
function isSendable(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key) || key.trimStart().startsWith('{');
}

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}

/** The variable without which the provider cannot be called; `null`: nothing is missing. */
function missingOf(env: Env, vendor: VendorVariables): string | null {
  const options = optionsOf(env, vendor);
  const option = vendor.options.find(({ name, required }) => required === true && options[name] === undefined);
  if (option !== undefined) return option.env[0] ?? option.name;
  if (firstSet(env, vendor.baseUrl) !== undefined || vendor.ownBaseUrl(options) !== null) return null;
  const part = vendor.options.find(
    ({ name }) => options[name] === undefined && vendor.ownBaseUrl({ ...options, [name]: 'x' }),
  );
  return part?.env[0] ?? vendor.baseUrl[0] ?? 'its base URL';
}

function providerOf(env: Env, vendor: VendorVariables): EnvironmentProvider {
  const options = optionsOf(env, vendor);
  const baseUrl = valueOf(env, vendor.baseUrl) ?? vendor.ownBaseUrl(options) ?? '';
  return Object.freeze({
    name: vendor.kind,
    kind: vendor.kind,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    apiKey: valueOf(env, vendor.apiKey),
    apiKeyName: firstSet(env, vendor.apiKey) ?? null,
    options: Object.freeze(options),
  });
}
