import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../../libs/protocol/index.js';
import { inTime, PROOF_PATIENCE_MS } from '../in-time.js';
import { ProfileAdapter } from '../profile.adapter.js';
import type { OutgoingRequest, Target } from '../provider-adapter.js';
import { type AwsIdentity, type AwsIdentityProvider, signedHeaders } from './aws-signature.js';
import { BEDROCK } from './bedrock.profile.js';

/** Profiles of this machine whose credentials are kept. */
const MAX_PROFILES = 100;
/** Added by whoever sends it, and not to be signed: proxies change them. */
const UNSIGNED = new Set(['accept-encoding', 'host']);

/** Finds out who this machine is; by profile, where one is named. */
type MachineIdentity = (profile: string | undefined) => AwsIdentityProvider;

/**
 * Amazon's: every request is signed. A credential is a Bedrock API key (sent as a bearer token), or
 * `<access key id>:<secret access key>[:<session token>]`; without one the machine's own identity is used (environment,
 * profile, web identity, container or instance role).
 */
export class BedrockAdapter extends ProfileAdapter {
  private readonly machines = new LRUCache<string, AwsIdentityProvider>({ max: MAX_PROFILES });

  constructor(
    private readonly identity: MachineIdentity = machineIdentity,
    private readonly now: () => Date = () => new Date(),
  ) {
    super(BEDROCK);
  }

  /** Models are listed by another host than the one that runs them. */
  override proofRequest(target: Target): { origin: string; path: string } | null {
    const request = super.proofRequest(target);
    return request && { ...request, origin: request.origin.replace('//bedrock-runtime.', '//bedrock.') };
  }

  override authorize(target: Target, request: OutgoingRequest): string[] | Promise<string[]> {
    const secret = target.credential?.secret;
    const headers = this.plainHeaders(target, request);
    if (secret === undefined || secret.includes(':')) return this.sign(target, request, headers);
    headers.push('authorization', `Bearer ${secret}`);
    return headers;
  }

  private async sign(target: Target, request: OutgoingRequest, headers: string[]): Promise<string[]> {
    const { backend, credential } = target;
    const isRead = request.method === 'GET';
    const origin = isRead ? (this.proofRequest(target)?.origin ?? backend.origin) : backend.origin;
    const credentials =
      credential === null ? this.machine(backend.provider?.options['profile']) : identityIn(credential.secret);
    const region = backend.provider?.options['region'] ?? regionOf(backend.origin);
    const named = Object.fromEntries(pairs(headers).filter(([name]) => !UNSIGNED.has(name)));
    try {
      const signing = signedHeaders({ ...request, origin, headers: named }, { credentials, region }, this.now());
      const signed = await inTime(signing, PROOF_PATIENCE_MS, 'There were no AWS credentials');
      return ['accept-encoding', 'identity', ...Object.entries(signed).flat()].filter((_text, index, all) => {
        return all[index - (index % 2)] !== 'host';
      });
    } catch (cause) {
      throw new GatewayError('upstream_error', 'There are no AWS credentials to sign the request with.', { cause });
    }
  }

  private machine(profile: string | undefined): AwsIdentityProvider {
    const key = profile ?? '';
    let provider = this.machines.get(key);
    if (provider === undefined) {
      provider = this.identity(profile);
      this.machines.set(key, provider);
    }
    return provider;
  }
}

function pairs(list: readonly string[]): [name: string, value: string][] {
  return list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1] ?? ''] as [string, string]] : []));
}

function identityIn(secret: string): AwsIdentity {
  const [accessKeyId = '', secretAccessKey = '', ...token] = secret.split(':');
  const sessionToken = token.join(':');
  return { accessKeyId, secretAccessKey, ...(sessionToken !== '' && { sessionToken }) };
}

function regionOf(origin: string): string {
  return /\.([a-z]{2}(?:-[a-z]+)+-\d+)\./.exec(origin)?.[1] ?? 'us-east-1';
}

/** The library remembers what it found until that runs out. It is loaded when it is first needed: it is large. */
function machineIdentity(profile: string | undefined): AwsIdentityProvider {
  let provider: Promise<AwsIdentityProvider> | null = null;
  return async () => {
    provider ??= import('@aws-sdk/credential-provider-node').then(({ defaultProvider }) =>
      defaultProvider(profile === undefined ? {} : { profile }),
    );
    return (await provider)();
  };
}
