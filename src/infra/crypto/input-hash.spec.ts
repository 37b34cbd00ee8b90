import { createHmac, hkdfSync } from 'node:crypto';
import { loadConfig } from '../../config/load-config.js';
import { InputHash } from './input-hash.js';

const masterKey = 'a master key long enough for a test';

describe('InputHash', () => {
  it.each([0, 1, 63, 64, 65, 1000])(
    'is the HMAC-SHA-256 of %d bytes under a key derived from the master key',
    (length) => {
      const key = Buffer.from(hkdfSync('sha256', masterKey, '', 'omnigate input hash', 32));
      const bytes = Buffer.alloc(length, 'x');
      const expected = createHmac('sha256', key).update(bytes).digest('hex');
      const hash = new InputHash(loadConfig({ OMNI_MASTER_KEY: masterKey }));
      expect(hash.of(bytes)).toBe(expected);
      expect(hash.of(bytes)).toBe(expected);
    },
  );

  it('differs between processes without a master key', () => {
    const one = new InputHash(loadConfig({}));
    const other = new InputHash(loadConfig({}));
    expect(one.of(Buffer.from('x'))).not.toBe(other.of(Buffer.from('x')));
  });
});
