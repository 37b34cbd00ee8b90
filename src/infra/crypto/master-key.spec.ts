import { createHash, randomBytes } from 'node:crypto';
import { masterKeyFrom } from './master-key.js';

describe('masterKeyFrom', () => {
  const bytes = randomBytes(32);

  it('takes 32 bytes as hex, base64 and base64url and finds the same key in each', () => {
    const forms = [
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      bytes.toString('base64'),
      bytes.toString('base64url'),
    ];
    for (const form of forms) expect(masterKeyFrom(form).bytes).toEqual(bytes);
  });

  it('names a key by the first 8 hex digits of its SHA-256', () => {
    expect(masterKeyFrom(bytes.toString('hex')).id).toBe(createHash('sha256').update(bytes).digest('hex').slice(0, 8));
  });

  it('derives the same key from the same passphrase in every process', () => {
    // Computed with Python: hashlib.scrypt(b'correct horse battery', salt=b'omnigate/master-key/v1', n=2**15, r=8, p=1, dklen=32)
    expect(masterKeyFrom('correct horse battery').bytes.toString('hex')).toBe(
      'b199c9cfa88dfb129229b1be9d04aead8e8cf24cdde4adc9ae7b68678e6859f6',
    );
    expect(masterKeyFrom('correct horse batterz').id).not.toBe(masterKeyFrom('correct horse battery').id);
  });

  it.each([[''], ['short'], ['fifteen letters']])('refuses %j without repeating it', (text) => {
    expect(() => masterKeyFrom(text)).toThrow('must be 64 hex digits, the base64 of 32 bytes, or a passphrase');
  });

  it('takes 63 hex digits for the passphrase they are, not for a broken key', () => {
    expect(masterKeyFrom(bytes.toString('hex').slice(1)).bytes).toHaveLength(32);
  });
});
