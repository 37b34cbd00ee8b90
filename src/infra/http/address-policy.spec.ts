import { addressRefusal, checkUrl } from './address-policy.js';
import { GatewayError } from '../../../libs/protocol/index.js';

const refused = (text: string, origin: 'administrator' | 'project', allowList: string[] = []): boolean => {
  try {
    checkUrl(text, origin, allowList);
    return false;
  } catch (error) {
    if (error instanceof GatewayError && error.kind === 'invalid_request' && error.param === 'url') return true;
    throw error;
  }
};

describe('addressRefusal', () => {
  it.each([
    ['0.0.0.0'],
    ['0.1.2.3'],
    ['169.254.0.1'],
    ['169.254.169.254'],
    ['100.100.100.200'],
    ['168.63.129.16'],
    ['192.0.0.192'],
    ['224.0.0.1'],
    ['239.255.255.255'],
    ['255.255.255.255'],
    ['::'],
    ['0:0:0:0:0:0:0:0'],
    ['fe80::1'],
    ['fe80::1%eth0'],
    ['FEBF::1'],
    ['ff02::1'],
    ['fd00:ec2::254'],
    ['fd00:0ec2:0:0:0:0:0:0254'],
    ['fd20:ce::254'],
    ['::ffff:169.254.169.254'],
    ['::ffff:a9fe:a9fe'],
    ['0:0:0:0:0:ffff:a9fe:a9fe'],
    ['[::ffff:169.254.169.254]'],
    ['::169.254.169.254'],
    ['::ffff:0:169.254.169.254'],
    ['64:ff9b::169.254.169.254'],
    ['64:ff9b::a9fe:a9fe'],
    ['64:ff9b:1:a9fe:a9:fe00::'],
    ['64:ff9b:1::169.254.169.254'],
    ['2002:a9fe:a9fe::1'],
    ['2001:0:a9fe:a9fe::1'],
    ['2001:0:1:2:3:4:5601:5601'],
    ['::ffff:0.0.0.0'],
    ['::ffff:168.63.129.16'],
    ['2002:6464:64c8::'],
  ])('refuses %s to everybody, allow list or not', (ip) => {
    expect(addressRefusal(ip, 'administrator')).toContain('link-local, metadata');
    expect(addressRefusal(ip, 'project', true)).toContain('link-local, metadata');
  });

  it.each([
    ['127.0.0.1'],
    ['127.255.255.254'],
    ['10.0.0.1'],
    ['172.16.0.1'],
    ['172.31.255.255'],
    ['192.168.1.1'],
    ['100.64.0.1'],
    ['100.127.255.255'],
    ['192.0.0.8'],
    ['192.0.2.1'],
    ['198.18.0.1'],
    ['198.51.100.7'],
    ['203.0.113.9'],
    ['240.0.0.1'],
    ['::1'],
    ['fc00::1'],
    ['fd12:3456::1'],
    ['fec0::1'],
    ['2001:db8::1'],
    ['3fff::1'],
    ['::ffff:127.0.0.1'],
    ['::ffff:10.1.2.3'],
    ['64:ff9b::10.0.0.1'],
    ['64:ff9b::8.8.8.8'],
    ['2002:7f00:1::'],
  ])('refuses %s to projects, unless the host is on the allow list', (ip) => {
    expect(addressRefusal(ip, 'administrator')).toBeNull();
    expect(addressRefusal(ip, 'project')).toContain('not a public address');
    expect(addressRefusal(ip, 'project', true)).toBeNull();
  });

  it.each([
    ['1.1.1.1'],
    ['100.63.255.255'],
    ['100.128.0.1'],
    ['172.15.0.1'],
    ['172.32.0.1'],
    ['192.0.1.1'],
    ['223.255.255.255'],
    ['2606:4700::1111'],
    ['2a00:1450:4001::200e'],
  ])('lets everybody reach %s', (ip) => {
    expect(addressRefusal(ip, 'project')).toBeNull();
    expect(addressRefusal(ip, 'administrator')).toBeNull();
  });

  it.each([['localhost'], [''], ['127.1'], ['0x7f000001'], ['1.2.3.4.5'], ['1:2']])(
    'refuses what is no address: %s',
    (ip) => {
      expect(addressRefusal(ip, 'administrator')).toContain('is not an IP address');
    },
  );
});

describe('checkUrl', () => {
  it.each([
    ['http://127.0.0.1:8000'],
    ['http://localhost:8000'],
    ['http://vllm-0.models.svc.cluster.local:8000/v1'],
    ['https://10.1.2.3'],
    ['http://[::1]:9000/'],
    ['http://[fd12::1]/v1'],
    ['HTTPS://API.OpenAI.com/v1'],
  ])('lets an administrator name %s', (text) => {
    expect(refused(text, 'administrator')).toBe(false);
  });

  it.each([
    ['', 'empty'],
    ['example.com', 'no scheme'],
    ['//example.com', 'no scheme'],
    ['ftp://example.com', 'other scheme'],
    ['file:///etc/passwd', 'other scheme'],
    ['javascript:alert(1)', 'other scheme'],
    ['http:///example.com', 'no host'],
    ['http:example.com', 'no slashes'],
    ['http:\\\\example.com', 'backslashes'],
    ['http://example.com\\@169.254.169.254', 'backslash before userinfo'],
    ['http://user@example.com', 'user'],
    ['http://user:secret@example.com', 'password'],
    ['http://@example.com', 'empty user'],
    ['http://1.1.1.1@169.254.169.254', 'userinfo that looks like the host'],
    ['http://example.com?x=1', 'query'],
    ['http://example.com/v1?', 'empty query'],
    ['http://example.com/#', 'empty fragment'],
    [' http://example.com', 'leading space'],
    ['http://exa\tmple.com', 'tab'],
    ['http://example.com\n', 'line feed'],
    ['http://example.com/a b', 'space'],
    ['http://example.com:0', 'port 0'],
    ['http://example.com:65536', 'port out of range'],
    ['http://[::1', 'open bracket'],
    ['http://exa mple.com', 'space in host'],
    ['http://1.2.3.256', 'no such address'],
    [`http://example.com/${'a'.repeat(2048)}`, 'too long'],
  ])('refuses %j (%s)', (text) => {
    expect(refused(text, 'administrator')).toBe(true);
  });

  it.each([
    ['http://169.254.169.254/latest'],
    ['http://169.254.169.254.'],
    ['http://2852039166'],
    ['http://0xa9fea9fe'],
    ['http://0xA9.0xFE.0xA9.0xFE'],
    ['http://0251.0376.0251.0376'],
    ['http://169.254.43518'],
    ['http://169.16689662'],
    ['http://%31%36%39.254.169.254'],
    ['http://169.254.169.254%2e'],
    ['http://\uff11\uff16\uff19.254.169.254'],
    ['http://169\u3002254\u3002169\u3002254'],
    ['http://0'],
    ['http://0.0.0.0:8000'],
    ['http://[::]'],
    ['http://[::ffff:169.254.169.254]'],
    ['http://[::FFFF:A9FE:A9FE]:80'],
    ['http://[64:ff9b::a9fe:a9fe]'],
    ['http://[2002:a9fe:a9fe::]'],
    ['http://[fe80::1]'],
    ['http://[fd00:ec2::254]'],
    ['http://metadata.google.internal'],
    ['http://METADATA.Google.Internal.'],
    ['http://metadata/computeMetadata/v1'],
    ['http://100.100.100.200'],
    ['http://168.63.129.16'],
    ['http://255.255.255.255'],
    ['http://224.0.0.251'],
  ])('refuses %s to everybody, even on the allow list', (text) => {
    const host = new URL(text).hostname;
    expect(refused(text, 'administrator')).toBe(true);
    expect(refused(text.replace('http:', 'https:'), 'project', [host])).toBe(true);
  });

  it.each([
    ['https://api.openai.com/v1'],
    ['https://API.openai.com./v1'],
    ['https://1.1.1.1/v1'],
    ['https://[2606:4700::1111]/v1'],
    ['https://example.com:8443'],
  ])('lets a project name %s', (text) => {
    expect(refused(text, 'project')).toBe(false);
  });

  it.each([
    ['http://api.openai.com/v1'],
    ['https://127.0.0.1'],
    ['https://127.1'],
    ['https://2130706433'],
    ['https://0x7f.1'],
    ['https://017700000001'],
    ['https://10.0.0.8'],
    ['https://[::1]'],
    ['https://[::ffff:7f00:1]'],
    ['https://[fd00::1]'],
    ['https://localhost'],
    ['https://LOCALHOST.'],
    ['https://api.localhost'],
    ['https://intranet'],
    ['https://printer.local'],
    ['https://svc.internal.'],
    ['https://vllm.models.svc.cluster.local'],
  ])('refuses %s to a project', (text) => {
    expect(refused(text, 'project')).toBe(true);
  });

  it.each([
    ['http://vllm.internal:8000/v1', ['vllm.internal']],
    ['http://VLLM.internal.:8000/v1', ['vllm.internal']],
    ['http://vllm.internal:8000/v1', ['vllm.internal:8000']],
    ['http://vllm.internal:8000/v1', ['http://vllm.internal:8000']],
    ['http://10.0.0.8:8000', ['10.0.0.8']],
    ['http://[fd12::1]:8000', ['fd12::1']],
    ['http://[fd12::1]:8000', ['[fd12::1]:8000']],
    ['http://167772168:8000', ['10.0.0.8']],
  ])('lets a project name %s when the allow list has %j', (text, allowList) => {
    expect(refused(text, 'project', allowList)).toBe(false);
    expect(refused(text, 'project', ['other.internal'])).toBe(true);
  });

  it.each([
    ['http://vllm.internal:8001', ['vllm.internal:8000']],
    ['http://evil-vllm.internal:8000', ['vllm.internal']],
    ['http://vllm.internal.evil.com', ['vllm.internal']],
    ['http://vllm.internal:8000', ['']],
    ['http://vllm.internal:8000', [':8000']],
  ])('does not stretch the allow list: %s with %j', (text, allowList) => {
    expect(refused(text, 'project', allowList)).toBe(true);
  });

  it('names the field it was given and keeps the URL out of the message', () => {
    expect(() => checkUrl('http://u:hunter2@h', 'administrator', [], 'base_url')).toThrow(
      expect.objectContaining({
        param: 'base_url',
        message: 'base_url must not contain a user name or password',
      }) as Error,
    );
  });
});
