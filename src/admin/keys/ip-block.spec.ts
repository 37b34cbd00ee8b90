import { isIpBlock } from './ip-block.js';

describe('isIpBlock', () => {
  it.each(['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', '2001:db8::/32', '::/0', '::ffff:10.0.0.1', '10.0.0.1/32'])(
    'takes %s',
    (block) => expect(isIpBlock(block)).toBe(true),
  );

  it.each([
    '',
    '10.0.0',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '::/129',
    'fe80::1%eth0',
    'localhost',
    5,
    null,
    '10.0.0.0/-1',
    '010.0.0.1',
  ])('refuses %p', (block) => expect(isIpBlock(block)).toBe(false));
});
