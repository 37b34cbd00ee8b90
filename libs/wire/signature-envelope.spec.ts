import { openSignature, sealSignature } from './signature-envelope.js';

describe('the envelope of signatures', () => {
  it("leaves a format's own signature as it is", () => {
    const signature = { origin: 'anthropic-messages', value: 'Er==' } as const;
    expect(sealSignature({ signature }, 'anthropic-messages')).toBe('Er==');
    expect(openSignature('Er==', 'anthropic-messages')).toEqual({ signature });
  });

  it.each([
    { signature: { origin: 'gemini-generate-content', value: 'a:b:c\n' } },
    { encrypted: { origin: 'openai-responses', value: 'gAAA' }, id: 'rs_1:ä%' },
  ] as const)('brings a foreign one back to whom it belongs', (part) => {
    const sealed = sealSignature(part, 'anthropic-messages');
    expect(sealed).toMatch(/^og1:/);
    expect(openSignature(sealed!, 'anthropic-messages')).toEqual(part);
  });

  it('is base64 where the field holds bytes', () => {
    const part = { signature: { origin: 'anthropic-messages', value: 'Er== ü' } } as const;
    const sealed = sealSignature(part, 'gemini-generate-content');
    expect(sealed).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
    expect(openSignature(sealed!, 'gemini-generate-content')).toEqual(part);
    const own = { signature: { origin: 'gemini-generate-content', value: 'b2cxOg==' } } as const;
    expect(openSignature('b2cxOg==', 'gemini-generate-content')).toEqual(own);
  });

  it.each(['og1:', 'og1:nobody:s::x', 'og1:openai-chat:q::x', 'og1:openai-chat:s:x'])(
    'takes %s as a signature',
    (text) => {
      expect(openSignature(text, 'cohere-chat')).toEqual({ signature: { origin: 'cohere-chat', value: text } });
    },
  );

  it('is content with an id that is badly escaped', () => {
    expect(openSignature('og1:openai-chat:e:%zz:v', 'cohere-chat')).toEqual({
      encrypted: { origin: 'openai-chat', value: 'v' },
      id: '%zz',
    });
  });

  it('has nothing to seal where nothing is kept', () => {
    expect(sealSignature({}, 'openai-chat')).toBeUndefined();
  });
});
