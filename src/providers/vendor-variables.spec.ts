import { VENDOR_VARIABLES } from './vendor-variables.js';
import { providersFromEnvironment } from '../config/provider-environment.js';

const found = (env: Record<string, string>) => providersFromEnvironment(env, VENDOR_VARIABLES);
const one = (env: Record<string, string>) => {
  const { providers, faults, notices } = found(env);
  expect({ faults, notices, count: providers.length }).toEqual({ faults: [], notices: [], count: 1 });
  return providers[0];
};

describe('providersFromEnvironment', () => {
  it('registers nothing where nothing speaks for a vendor', () => {
    const unrelated = {
      PATH: '/bin',
      AWS_REGION: 'us-east-1',
      GOOGLE_CLOUD_PROJECT: 'p-1',
      OPENAI_ORG_ID: 'org',
      OPENAI_API_KEY: '',
    };
    expect(found(unrelated)).toEqual({ providers: [], faults: [], notices: [] });
  });

  it('takes a key alone, with what the vendor’s SDK calls', () => {
    expect(one({ GROQ_API_KEY: 'gsk' })).toMatchObject({
      name: 'groq',
      kind: 'groq',
      baseUrl: 'https://api.groq.com',
      apiKey: 'gsk',
    });
  });

  it('takes a base URL alone, without its slashes', () => {
    expect(one({ VLLM_BASE_URL: 'http://10.0.0.1:8000//' })).toMatchObject({
      baseUrl: 'http://10.0.0.1:8000',
      apiKey: null,
    });
  });

  it('takes the first variable that is set, and says which', () => {
    const env = { OMNI_OPENAI_API_KEY: 'own', OPENAI_API_KEY: 'other' };
    expect(one(env)).toMatchObject({ apiKey: 'own', apiKeyName: 'OMNI_OPENAI_API_KEY' });
    expect(one({ ...env, OMNI_OPENAI_API_KEY: '' })).toMatchObject({ apiKey: 'other', apiKeyName: 'OPENAI_API_KEY' });
  });

  it('makes base URLs of options', () => {
    expect(one({ CLOUDFLARE_API_TOKEN: 't', CLOUDFLARE_ACCOUNT_ID: 'abc' })?.baseUrl).toBe(
      'https://api.cloudflare.com/client/v4/accounts/abc/ai/v1',
    );
    expect(one({ BEDROCK_REGION: 'us-west-2' })?.baseUrl).toBe('https://bedrock-runtime.us-west-2.amazonaws.com');
    expect(one({ BEDROCK_API_KEY: 'k', AWS_REGION: 'eu-west-1' })?.options).toEqual({ region: 'eu-west-1' });
    expect(one({ VERTEX_PROJECT: 'my-project' })).toMatchObject({
      baseUrl: 'https://aiplatform.googleapis.com',
      options: { project: 'my-project', location: 'global' },
    });
    expect(
      one({
        AZURE_API_KEY: 'k',
        AZURE_OPENAI_ENDPOINT: 'https://r.openai.azure.com/',
        AZURE_OPENAI_API_VERSION: '2024-10-21',
      }),
    ).toMatchObject({
      baseUrl: 'https://r.openai.azure.com',
      options: { api_version: '2024-10-21' },
    });
  });

  it.each([
    [{ AZURE_OPENAI_API_KEY: 'k' }, 'AZURE_OPENAI_API_KEY is set, but AZURE_BASE_URL is not'],
    [{ CLOUDFLARE_API_TOKEN: 'k' }, 'CLOUDFLARE_API_TOKEN is set, but CLOUDFLARE_ACCOUNT_ID is not'],
    [{ AWS_BEARER_TOKEN_BEDROCK: 'k' }, 'AWS_BEARER_TOKEN_BEDROCK is set, but BEDROCK_REGION is not'],
    [{ OPENAI_COMPATIBLE_API_KEY: 'k' }, 'OPENAI_COMPATIBLE_API_KEY is set, but OPENAI_COMPATIBLE_BASE_URL is not'],
  ] as [Record<string, string>, string][])('says what is missing of %j', (env, words) => {
    const { providers, faults, notices } = found(env);
    expect({ providers, faults }).toEqual({ providers: [], faults: [] });
    expect(notices).toEqual([expect.stringContaining(words)]);
  });

  it.each([
    [{ OPENAI_BASE_URL: 'localhost:8000' }, 'OPENAI_BASE_URL'],
    [{ OPENAI_BASE_URL: 'ftp://host' }, 'OPENAI_BASE_URL'],
    [{ OPENAI_BASE_URL: 'https://user:word@host/v1' }, 'OPENAI_BASE_URL'],
    [{ OPENAI_BASE_URL: 'https://host/v1?key=secret' }, 'OPENAI_BASE_URL'],
    [{ OPENAI_API_KEY: 'my secret' }, 'OPENAI_API_KEY'],
    [{ OPENAI_API_KEY: 'line\nbreak' }, 'OPENAI_API_KEY'],
    [{ AZURE_API_KEY: 'k', AZURE_API_VERSION: 'newest' }, 'AZURE_API_VERSION'],
    [{ BEDROCK_REGION: '../x' }, 'BEDROCK_REGION'],
  ] as [Record<string, string>, string][])('finds the fault in %j without repeating it', (env, name) => {
    const { providers, faults } = found(env);
    expect(providers).toEqual([]);
    expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
    expect(faults.join()).not.toMatch(/localhost|word|secret|newest/);
  });
});
