import { backendAddress } from './backend-address.js';

describe('backendAddress', () => {
  it.each([
    ['http://host:8000', 'http://host:8000', '/v1', ''],
    ['http://host:8000/', 'http://host:8000', '/v1', ''],
    ['http://host:8000//', 'http://host:8000', '/v1', ''],
    ['http://host:80', 'http://host', '/v1', ''],
    ['https://HOST/v1', 'https://host', '/v1', ''],
    ['https://host/v1/', 'https://host', '/v1', ''],
    ['https://host/v2', 'https://host', '/v2', ''],
    ['https://host/v1beta', 'https://host', '/v1beta', ''],
    ['https://host/api/v1beta1', 'https://host', '/api/v1beta1', '/api'],
    ['https://host/openai', 'https://host', '/openai/v1', '/openai'],
    ['https://host/v1/openai', 'https://host', '/v1/openai/v1', '/v1/openai'],
    ['https://host/v1x', 'https://host', '/v1x/v1', '/v1x'],
    ['https://host/dev1', 'https://host', '/dev1/v1', '/dev1'],
    ['http://[::1]:9000', 'http://[::1]:9000', '/v1', ''],
  ])('takes %s for the root of a server', (url, origin, basePath, rootPath) => {
    expect(backendAddress(url, 'backend')).toEqual({ origin, basePath, rootPath });
  });

  it.each([
    ['https://api.openai.com/v1', '/v1', ''],
    ['https://api.openai.com/v1/', '/v1', ''],
    ['https://api.anthropic.com', '', ''],
    ['https://host/v1beta/openai/', '/v1beta/openai', '/v1beta/openai'],
  ])('takes %s for what the vendor’s SDK takes', (url, basePath, rootPath) => {
    expect(backendAddress(url, 'provider')).toMatchObject({ basePath, rootPath });
  });
});
