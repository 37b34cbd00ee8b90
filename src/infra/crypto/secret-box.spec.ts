import { randomBytes } from 'node:crypto';
import { masterKeyFrom } from './master-key.js';
import { SecretBox } from './secret-box.js';

const aKey = () => masterKeyFrom(randomBytes(32).toString('hex'));

describe('SecretBox', () => {
  it('opens what it sealed and shows nothing of it', () => {
    const box = new SecretBox(aKey());
    const sealed = box.seal('sk-secret-ü-值', 'row-1');
    expect(box.open(sealed, 'row-1')).toBe('sk-secret-ü-值');
    expect(Buffer.from(sealed.ciphertext.slice(3), 'base64url').includes('sk-secret')).toBe(false);
    expect(sealed.keyId).toBe(box.currentKeyId);
  });

  it('seals the same secret differently each time', () => {
    const box = new SecretBox(aKey());
    expect(box.seal('same', 'row').ciphertext).not.toBe(box.seal('same', 'row').ciphertext);
  });

  it('does not open a secret that was moved to another row', () => {
    const box = new SecretBox(aKey());
    expect(box.open(box.seal('secret', 'row-1'), 'row-2')).toBeNull();
  });

  it('does not open bytes that were changed, cut or are something else', () => {
    const box = new SecretBox(aKey());
    const sealed = box.seal('secret', 'row');
    const bytes = Buffer.from(sealed.ciphertext.slice(3), 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] as number) ^ 1;
      expect(box.open({ ...sealed, ciphertext: `v1.${changed.toString('base64url')}` }, 'row')).toBeNull();
    }
    for (const ciphertext of [sealed.ciphertext.slice(0, 30), '', 'v1.', 'v2.AAAA', 'plain']) {
      expect(box.open({ ...sealed, ciphertext }, 'row')).toBeNull();
    }
  });

  it('opens what a previous key sealed and seals with the current one', () => {
    const [old, current] = [aKey(), aKey()];
    const sealed = new SecretBox(old).seal('secret', 'row');
    const box = new SecretBox(current, [old]);
    expect(box.open(sealed, 'row')).toBe('secret');
    expect(box.seal('secret', 'row').keyId).toBe(current.id);
    expect(new SecretBox(current).open(sealed, 'row')).toBeNull();
  });

  it('refuses to seal without a master key', () => {
    expect(() => new SecretBox(null).seal('secret', 'row')).toThrow('no master key');
    expect(new SecretBox(null).currentKeyId).toBeNull();
  });
});
