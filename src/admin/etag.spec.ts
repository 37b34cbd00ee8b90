import { readIfMatch } from './etag.js';

describe('If-Match', () => {
  it('allows any version when it is absent or a star', () => {
    expect(readIfMatch(undefined)).toBeNull();
    expect(readIfMatch(' * ')).toBeNull();
  });

  it('reads one tag, several, and weak ones', () => {
    expect(readIfMatch('"3"')).toEqual(new Set([3]));
    expect(readIfMatch('"3", W/"14"')).toEqual(new Set([3, 14]));
  });

  it('takes a tag that was never given out for one that matches nothing', () => {
    expect(readIfMatch('"abc"')).toEqual(new Set([-1]));
  });

  it.each(['3', '"3', '""3', ''])('refuses %p', (header) => {
    expect(() => readIfMatch(header)).toThrow(/If-Match/);
  });
});
