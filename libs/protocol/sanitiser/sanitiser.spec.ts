import fc from 'fast-check';
import {
  kindOfBody,
  MAX_SANITISED_CHARACTERS,
  sanitiseBody,
  sanitiseHeaders,
  sanitiseJson,
  sanitiseMultipart,
  sanitiseText,
  sanitiseUrl,
} from '../index.js';

const made = (...parts: readonly string[]): string => parts.join('');

/** Made here and valid nowhere. Built from parts, so that no scanner takes this file for a leak. */
const SECRETS: Record<string, string> = {
  'a key of this gateway': made('og-', 'Ab3_dE6-gH9'.repeat(4).slice(0, 43)),
  'an admin key of this gateway': made('oga-', 'zY8xW7vU6tS5'.repeat(4).slice(0, 43)),
  'an OpenAI key': made('sk-', 'abcdEFGH1234'.repeat(4)),
  'an OpenAI project key': made('sk-proj-', 'aB3_dE-7'.repeat(12)),
  'an Anthropic key': made('sk-ant-api03-', 'Zx9-wV_8'.repeat(11), 'AA'),
  'an OpenRouter key': made('sk-or-v1-', '0a1b2c3d'.repeat(8)),
  'a short test key': 'sk-test-planted',
  'a Groq key': made('gsk_', 'A1b2C3d4'.repeat(6)),
  'an xAI key': made('xai-', 'A1b2C3d4'.repeat(8)),
  'an NVIDIA key': made('nvapi-', 'A1b2_3d4'.repeat(7)),
  'a Hugging Face token': made('hf_', 'aBcD1234'.repeat(4)),
  'an AWS access key': made('AKIA', 'IOSFODNN7EXAMPLE'),
  'a temporary AWS access key': made('ASIA', 'Y34FZKBOKMUTVV7A'),
  'an AWS secret': ['wJalrXUtnFEMI', 'K7MDENG', 'bPxRfiCYEXAMPLEKEY'].join('/'),
  'an AWS session token': made('IQoJb3JpZ2luX2Vj', 'Ab3+dE6/'.repeat(30), '=='),
  'a Bedrock key': made('ABSK', 'QmVkcm9ja0FQSUtleS1'.repeat(5), '='),
  'a Google key': made('AIzaSy', 'D-9tSrke72PouQMnMX-a7eZSW0jkFMBWY'),
  'a Google access token': made('ya29.', 'a0AfH6SMBx-_'.repeat(6)),
  'a Google client secret': made('GOCSPX-', 'a1B2c3D4'.repeat(3)),
  'a JWT': made(
    'eyJ',
    'hbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9',
    '.eyJ',
    'zdWIiOiIxMjM0NTY3ODkwIn0',
    '.',
    'dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P',
  ),
  'a GitHub token': made('ghp_', 'aB3dE6gH'.repeat(5)),
  'an organisation id': made('org-', 'GKgUkEpTs8iJbqUCqnL6JW5H'),
  'a project id': made('proj_', 'aB3dE6gH9jK2mN5p'),
  'a user id': made('user-', 'DoUONI1dg5wtyS7luFo7MncN'),
};

const secretArbitrary = fc.constantFrom(...Object.values(SECRETS));
/** What stands around a secret in prose; nothing that would make another word of it. */
const around = fc.constantFrom(
  '',
  ' ',
  '"',
  "'",
  ':',
  '(',
  ', ',
  '\n',
  '=',
  '<',
  '>',
  '|',
  '🙂',
  'é',
  '\\',
  '/ ',
  '{',
  '[',
);
const keyArbitrary = fc.constantFrom('a', 'text', 'content', 'index', '0', 'grüße', 'x y');

/** A JSON value with the text somewhere in it, at any depth, in a string, as a key or in JSON in a string. */
function jsonAround(text: string): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, depthSize: 'medium' },
      fc.constant(text),
      fc.tuple(fc.constantFrom('', 'see ', 'ключ: '), fc.constantFrom('', ' and so on')).map(([a, b]) => a + text + b),
      fc.tuple(keyArbitrary, tie('value')).map(([key, inner]) => ({ n: 1, [key]: inner, z: 'after' })),
      fc.tuple(fc.jsonValue({ maxDepth: 1 }), tie('value')).map(([other, inner]) => [other, inner]),
      tie('value').map((inner) => JSON.stringify(inner)),
      fc.constant({ [text]: 1 }),
    ),
  }));
  return value;
}

/** Whether ten characters in a row of a secret, its public prefix left out, are still there. */
function survives(text: string, secret: string): boolean {
  for (let at = 4; at + 10 <= secret.length; at++) {
    if (text.includes(secret.slice(at, at + 10))) return true;
  }
  return false;
}

/** Without JSON's escapes: what a reader of the text gets to see. */
const unescaped = (text: string): string => text.replaceAll('\\', '');

describe('the sanitiser', () => {
  describe.each(Object.entries(SECRETS))('%s', (_what, secret) => {
    it('does not survive in a text', () => {
      fc.assert(
        fc.property(fc.lorem({ maxCount: 5 }), around, around, fc.lorem({ maxCount: 5 }), (before, a, b, after) => {
          expect(survives(sanitiseText(`${before} ${a}${secret}${b} ${after}`), secret)).toBe(false);
        }),
        { numRuns: 50 },
      );
    });

    it('does not survive in JSON, which stays JSON', () => {
      fc.assert(
        fc.property(jsonAround(secret), fc.constantFrom(undefined, 2), (value, indent) => {
          const { text } = sanitiseBody(JSON.stringify(value, null, indent), 'application/json');
          expect(() => JSON.parse(text) as unknown).not.toThrow();
          expect(survives(unescaped(text), secret)).toBe(false);
          expect(survives(unescaped(JSON.stringify(sanitiseJson(value))), secret)).toBe(false);
        }),
        { numRuns: 50 },
      );
    });

    it('does not survive in a stream that brings it in pieces', () => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: secret.length - 1 }), { maxLength: 12 }),
          fc.constantFrom('The key is ', '', '{"a":"'),
          fc.constantFrom('text/event-stream', 'application/x-ndjson', 'application/json'),
          (cuts, before, contentType) => {
            const pieces = cut(before + secret, cuts);
            const body = streamed(pieces, contentType);
            const sanitised = sanitiseBody(body, contentType).text;
            expect(survives(deltasOf(sanitised, contentType).join(''), secret)).toBe(false);
          },
        ),
        { numRuns: 50 },
      );
    });

    it('does not survive in a JSON text that is cut off anywhere behind it', () => {
      const whole = JSON.stringify({ a: [{ b: `see ${secret}` }], c: 'rest' });
      for (let end = whole.indexOf(secret) + secret.length; end < whole.length; end++) {
        expect(survives(sanitiseBody(whole.slice(0, end), 'application/json').text, secret)).toBe(false);
      }
    });

    it('does not survive in headers, URLs and forms', () => {
      expect(JSON.stringify(sanitiseHeaders({ 'X-Note': secret, Location: `https://a/b?c=${secret}` }))).not.toContain(
        secret,
      );
      expect(survives(sanitiseUrl(`/v1/models?key=${secret}&alt=sse`), secret)).toBe(false);
      expect(sanitiseUrl(`https://host/${encodeURIComponent(secret)}?x=${encodeURIComponent(secret)}`)).not.toContain(
        encodeURIComponent(secret),
      );
      const form = sanitiseBody(`a=1&note=${encodeURIComponent(secret)}`, 'application/x-www-form-urlencoded').text;
      expect(survives(decodeURIComponent(form), secret)).toBe(false);
    });
  });

  it('is done after one pass', () => {
    fc.assert(
      fc.property(secretArbitrary.chain(jsonAround), (value) => {
        const once = sanitiseBody(JSON.stringify(value), 'application/json').text;
        expect(sanitiseBody(once, 'application/json').text).toBe(once);
        expect(sanitiseText(sanitiseText(once))).toBe(sanitiseText(once));
      }),
    );
  });

  it('never throws and keeps JSON JSON, whatever it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.string({ maxLength: 200 }), (value, text) => {
        const json = JSON.stringify(value);
        expect(() => JSON.parse(sanitiseBody(json, 'application/json').text) as unknown).not.toThrow();
        for (const type of [
          'application/json',
          'text/event-stream',
          'application/x-ndjson',
          'text/plain',
          'multipart/x',
          null,
        ]) {
          sanitiseBody(text, type);
          sanitiseBody(json + text, type);
        }
        sanitiseUrl(text);
        sanitiseMultipart(Buffer.from(text), text);
      }),
    );
  });
});

/** Pieces of a text, cut at the given positions. */
function cut(text: string, cuts: readonly number[]): string[] {
  const ends = [...new Set(cuts)].sort((a, b) => a - b);
  return [...ends, text.length].map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}

/** A stream whose events bring the pieces, another tool call's arguments and a usage between them. */
function streamed(pieces: readonly string[], contentType: string): string {
  const events = pieces.flatMap((piece) => [
    { type: 'delta', index: 1, delta: { partial_json: piece } },
    { delta: { partial_json: 'other' }, index: 2, type: 'delta' },
    { type: 'usage', usage: { total_tokens: 1 } },
  ]);
  if (contentType === 'application/json') return JSON.stringify(events);
  const lines = events.map((event) => JSON.stringify(event));
  if (contentType === 'application/x-ndjson') return lines.map((line) => `${line}\n`).join('');
  return lines.map((line) => `event: delta\ndata: ${line}\n\n`).join('');
}

function deltasOf(stream: string, contentType: string): string[] {
  const events =
    contentType === 'application/json'
      ? (JSON.parse(stream) as any[])
      : stream
          .split('\n')
          .map((line) => line.replace(/^data: /, ''))
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line) as any);
  return events.filter(({ index }) => index === 1).map(({ delta }) => delta.partial_json);
}

describe('telling names', () => {
  const names = [
    'authorization proxy-authorization x-api-key api-key x-goog-api-key cookie set-cookie api_key apikey access_token token',
    'secret password key ak apiKey accessToken client_secret aws_secret_access_key secretAccessKey sessionToken OPENAI_API_KEY',
    'Authorization X-Api-Key private_key refreshToken user_id organization_id project_id accountId',
  ]
    .join(' ')
    .split(' ');

  it.each(names)('%s: its value is replaced at any depth, in JSON in strings too', (name) => {
    const value = { a: [{ [name]: 'hunter two', b: 1 }], c: JSON.stringify({ [name]: 'hunter "two"' }) };
    const marker = `<redacted:${name.toLowerCase()}>`;
    expect(sanitiseJson(value)).toEqual({ a: [{ [name]: marker, b: 1 }], c: JSON.stringify({ [name]: marker }) });
  });

  it.each(names)('%s: and in a JSON text that is cut off', (name) => {
    for (const text of [
      `{"a":{"${name}":"hunter two","b`,
      `{"a":{"${name}" : "hunter two`,
      `"x\\": {\\"${name}\\":\\"hunter two\\"`,
    ])
      expect(sanitiseBody(text, 'application/json').text).not.toContain('hunter');
  });

  it('hide all strings under them', () => {
    expect(
      sanitiseJson({ credentials: { name: 'n', parts: ['a', { b: 'c' }], count: 3, ok: true, none: null } }),
    ).toEqual({
      credentials: {
        name: '<redacted:credentials>',
        parts: ['<redacted:credentials>', { b: '<redacted:credentials>' }],
        count: 3,
        ok: true,
        none: null,
      },
    });
  });

  it('hide a number that is a secret, and no other number', () => {
    expect(
      sanitiseJson({ password: 1234, token: 5, key: 6, usage: { prompt_tokens: 7 }, secret: null, cookie: true }),
    ).toEqual({
      password: '<redacted:password>',
      token: 5,
      key: 6,
      usage: { prompt_tokens: 7 },
      secret: null,
      cookie: true,
    });
  });

  it('do not hide the description of a field of that name, but its examples', () => {
    const schema = {
      type: 'object',
      properties: {
        key: { type: 'string', description: 'where to look' },
        password: { type: 'string', default: 'hunter2', examples: ['letmein'], minLength: 8 },
      },
      required: ['key', 'password'],
    };
    expect(sanitiseJson(schema)).toEqual({
      ...schema,
      properties: {
        ...schema.properties,
        password: { type: 'string', default: '<redacted:password>', examples: ['<redacted:password>'], minLength: 8 },
      },
    });
  });

  it('do not hide the words of log probabilities', () => {
    const logprobs = { content: [{ token: 'Hello', logprob: -0.1, top_logprobs: [{ logprob: -1, token: 'Hi' }] }] };
    expect(sanitiseJson({ logprobs })).toEqual({ logprobs });
    const gemini = { chosenCandidates: [{ token: 'Hi', tokenId: 3, logProbability: -0.1 }] };
    expect(sanitiseJson(gemini)).toEqual(gemini);
  });

  it('hide pictures and sounds by their names', () => {
    expect(sanitiseJson({ data: [{ b64_json: 'aGVsbG8=' }], audio_base64: 'AAAA', b64_json: '' })).toEqual({
      data: [{ b64_json: '<redacted:b64_json_blob>' }],
      audio_base64: '<redacted:audio_base64_blob>',
      b64_json: '',
    });
  });

  it('never tell a secret that is a name itself', () => {
    const name = `${SECRETS['an OpenAI key'] ?? ''}_password`;
    expect(JSON.stringify(sanitiseJson({ [name]: 'hunter2' }))).not.toContain('EFGH');
    expect(sanitiseText(`"${name}": "hunter2"`)).not.toContain('EFGH');
  });
});

describe('texts', () => {
  it.each([
    ['Authorization: Bearer abc.def-ghi', 'Authorization: <redacted:authorization>'],
    ['authorization: Basic dXNlcjpwYXNz', 'authorization: <redacted:authorization>'],
    ['Cookie: a=b; c=d', 'Cookie: <redacted:cookie>'],
    ['set-cookie: __cf_bm=x.y; Path=/', 'set-cookie: <redacted:set-cookie>'],
    ['curl -H "x-api-key: abc123xyz" http://a', 'curl -H "x-api-key: <redacted:x-api-key>" http://a'],
    ['export OPENAI_API_KEY=whatever', 'export OPENAI_API_KEY=<redacted:openai_api_key>'],
    ['password=hunter2&user=me', 'password=<redacted:password>&user=me'],
    ["{'api_key': 'hunter two'}", "{'api_key': '<redacted:api_key>'}"],
    ['GET /v1/models?key=abc&alt=sse', 'GET /v1/models?key=<redacted:key>&alt=sse'],
    ['see https://a/b?x=1&sig=abc%2Bdef', 'see https://a/b?x=1&sig=<redacted:sig>'],
    ['postgres://omni:hunter2@db:5432/omni', 'postgres://<redacted:credentials>@db:5432/omni'],
    ['note: password: hunter2.', 'note: password: <redacted:password>'],
    ['arn:aws:bedrock:us-east-1:123456789012:x/y', 'arn:aws:bedrock:us-east-1:<redacted:account>:x/y'],
    ['on projects/acme-prod-1/locations/global', 'on projects/<redacted:project>/locations/global'],
    ['not used in project 123456789012 before', 'not used in project <redacted:project> before'],
    ['bot@acme-prod.iam.gserviceaccount.com', '<redacted:account>'],
    ['Bearer secret_token_1', 'Bearer <redacted:bearer>'],
    ['Incorrect API key provided: sk-proj-ab****yz.', 'Incorrect API key provided: <redacted:api_key>.'],
  ])('%s', (text, expected) => {
    expect(sanitiseText(text)).toBe(expected);
  });

  it('loses a private key over its lines, whole or cut off', () => {
    const key = ['-----BEGIN PRIVATE KEY-----', 'MIIEvQIBADANBg', 'kqhkiG9w0BAQEF', '-----END PRIVATE KEY-----'].join(
      '\n',
    );
    expect(sanitiseText(`a ${key} b`)).toBe('a <redacted:private_key> b');
    expect(sanitiseText(key.slice(0, 50))).toBe('<redacted:private_key>');
    const sse = key.split('\n').map((line) => `data: ${line}\n`);
    expect(sanitiseBody(`${sse.join('')}\n`, 'text/event-stream').text).not.toMatch(/MIIE|kqhki/);
  });

  it.each([
    'The token count is 5; key: value. Bearer of bad news, a basic understanding, the secret: never give up.',
    'sk-ating, risk-adjusted, task-550e8400-e29b-41d4-a716-446655440000, disk-usage-report-2024-01-01',
    'og-image, blog-post-about-gateways-and-their-limits-2024-edition, dog-friendly',
    'password: required, tokens=17, the password is optional; "key" and "token" are words. Set password: $PASSWORD',
    'org-wide user-friendly user-agent proj_x; organization: ACME; projects/README.md',
    'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08, sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709',
    '{"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":3}}}',
    'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT msg_01XFDUDYJgAACzvnptvVoYEL toolu_01A09q90qw90lq917835lq9 call_abc123 resp_68af',
    'https://example.com/a/b?model=gpt-4o&alt=sse&api-version=2024-10-21#top',
    'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAKYAAAEaAgMAAADmmcReAAAACVBMVEX///8A',
    'Ünïcödé, 🙂, \u0000 and \\u0041 and "quotes" and \'others\': nothing here.',
    'Note: the API key must be set. Authorization: the act of allowing. Cookie: a small cake.',
  ])('%s: stays as it is', (text) => {
    expect(sanitiseText(text)).toBe(text);
    expect(sanitiseJson({ text })).toEqual({ text });
    expect(sanitiseBody(text, 'text/plain').text).toBe(text);
  });

  it('leaves sentences of words and numbers alone', () => {
    fc.assert(
      fc.property(fc.lorem({ maxCount: 30, mode: 'sentences' }), fc.nat(), (text, number) => {
        const whole = `${text} ${number}`;
        expect(sanitiseText(whole)).toBe(whole);
      }),
    );
  });

  it('takes nothing in a picture for a secret', () => {
    const picture = `${'Ab3+dE6/'.repeat(40)}AKIAIOSFODNN7EXAMPLE${'Zy9/xW8+'.repeat(40)}`;
    expect(sanitiseJson({ source: { data: picture } })).toEqual({ source: { data: picture } });
  });

  it('replaces a text that is too long to be looked through', () => {
    expect(sanitiseText('a'.repeat(MAX_SANITISED_CHARACTERS + 1))).toBe('<redacted:oversize>');
  });

  it.each([
    ['quotes', '"key":\''],
    ['backslashes', '\\'],
    ['the beginnings of keys', 'sk-'],
    ['the beginnings of tokens', 'eyJaaaaaaaa'],
    ['the beginnings of private keys', '-----BEGIN PRIVATE KEY-----'],
    ['names', 'password'],
    ['one long name', 'a-b.c_'],
    ['addresses', '://a:b'],
    ['empty assignments', '"api_key":""'],
    ['base64', 'Ab3+dE6/'],
  ])('is quick with a megabyte of %s', (_what, piece) => {
    const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
    const before = process.cpuUsage();
    sanitiseText(text);
    sanitiseBody(`{"a":"${text}`, 'application/json');
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(6000);
  });
});

describe('bodies', () => {
  it('keeps numbers, order, spaces and doubled names to the character', () => {
    const body = '{ "seed": 12345678901234567890, "t": 1.0, "a": 1, "a": 2, "e": "\\u00e9\\/", "api_key" : "x" }';
    expect(sanitiseBody(body, 'application/json; charset=utf-8').text).toBe(
      body.replace('"x"', '"<redacted:api_key>"'),
    );
  });

  it('says what it replaced where', () => {
    const { redactions } = sanitiseBody('{"token":"abc"}', 'application/json');
    expect(redactions).toEqual([{ start: 9, end: 14, replacement: '"<redacted:token>"' }]);
  });

  it('reads event streams with any line ending, comments, several data lines and events that are cut off', () => {
    const stream = [
      '\uFEFF: api_key=abc\r\n',
      'event: x\r\ndata:{"secret":"abc",\r\ndata: "n":1}\r\n\r\n',
      'id: 7\ndata: [DONE]\n\n',
      'error: {"token":"abc"}\r',
      'data: {"password":"ab',
    ].join('');
    const expected = [
      '\uFEFF: api_key=<redacted:api_key>\r\n',
      'event: x\r\ndata:{"secret":"<redacted:secret>",\r\ndata: "n":1}\r\n\r\n',
      'id: 7\ndata: [DONE]\n\n',
      'error: {"token":"<redacted:token>"}\r',
      'data: {"password":"<redacted:password>',
    ].join('');
    expect(sanitiseBody(stream, 'text/event-stream').text).toBe(expected);
  });

  it('finds a telling name and its value in pieces of one stream', () => {
    const pieces = ['{"api', '_key": "hun', 'ter', ' two", "city": "Bonn"}'];
    const text = sanitiseBody(streamed(pieces, 'text/event-stream'), 'text/event-stream').text;
    expect(deltasOf(text, 'text/event-stream').join('')).toBe('{"api_key": "<redacted:api_key>", "city": "Bonn"}');
  });

  it('leaves what every event repeats as it is', () => {
    const stream = 'data: {"responseId":"aIhqaoOrBpa6jrEPxYRG"}\n\n'.repeat(2);
    expect(sanitiseBody(stream, 'text/event-stream').text).toBe(stream);
  });

  it('describes the parts of a form and drops its files', () => {
    const body = [
      '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1',
      '--b\r\ncontent-disposition: form-data; name="api_key"\r\n\r\nhunter two',
      '--b\r\ncontent-disposition: form-data; name="prompt"\r\n\r\nGrüße, Bearer abc.def123',
      '--b\r\ncontent-disposition: form-data; name="file"; filename="ruby.wav"\r\ncontent-type: audio/wav\r\n\r\n\u0000RIFF\r\n',
      '--b--\r\n',
    ].join('\r\n');
    const type = 'multipart/form-data; boundary=b';
    expect(sanitiseMultipart(Buffer.from(body), type)).toEqual([
      { name: 'model', value: 'whisper-1' },
      { name: 'api_key', value: '<redacted:api_key>' },
      { name: 'prompt', value: 'Grüße, Bearer <redacted:bearer>' },
      { name: 'file', filename: 'ruby.wav', content_type: 'audio/wav', omitted_bytes: 7 },
    ]);
    const { text } = sanitiseBody(body, type);
    expect(text).not.toMatch(/hunter|RIFF|abc\.def/);
    expect(text).toContain('whisper-1');
    expect(sanitiseMultipart(Buffer.from(text), type)).toHaveLength(4);
    expect(sanitiseMultipart(Buffer.from(body.slice(0, 60)), type)).toBeNull();
    expect(sanitiseBody(body, 'multipart/form-data').text).toBe('<redacted:multipart_blob>');
  });

  it('replaces what is no text', () => {
    expect(sanitiseBody('\u0000\u0001', 'audio/mpeg').text).toBe('<redacted:binary_blob>');
    expect(sanitiseBody('', 'audio/mpeg').text).toBe('');
  });

  it.each([
    ['application/json; charset=utf-8', 'json'],
    ['application/vnd.api+json', 'json'],
    ['text/event-stream;charset=utf-8', 'sse'],
    ['application/x-ndjson', 'ndjson'],
    ['application/jsonl', 'ndjson'],
    ['multipart/form-data; boundary=x', 'multipart'],
    ['application/x-www-form-urlencoded', 'form'],
    ['text/html', 'text'],
    ['text/vtt', 'text'],
    ['audio/mpeg', 'binary'],
    ['application/octet-stream', 'binary'],
    ['application/vnd.amazon.eventstream', 'binary'],
  ])('reads %s as %s', (type, kind) => {
    expect(kindOfBody(type)).toBe(kind);
  });

  it('reads plain JSON under the content type of a stream', () => {
    expect(sanitiseBody('{"error":{"api\\u005fkey":"abc"}}', 'text/event-stream').text).toBe(
      '{"error":{"api\\u005fkey":"<redacted:api_key>"}}',
    );
  });

  it('reads a body of no type as it looks', () => {
    expect([kindOfBody(null, ' {"a":1}'), kindOfBody('text/plain', 'data: x'), kindOfBody('', 'hello')]).toEqual([
      'json',
      'sse',
      'text',
    ]);
  });

  it('takes very deep JSON', () => {
    const deep = `${'{"a":['.repeat(5000)}{"token":"abc"}${']}'.repeat(5000)}`;
    expect(sanitiseBody(deep, 'application/json').text).toBe(deep.replace('abc', '<redacted:token>'));
  });

  it('says so where a value is no JSON', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect([sanitiseJson(circle), sanitiseJson(1n), sanitiseJson(undefined)]).toEqual(
      Array(3).fill('<redacted:unreadable>'),
    );
  });
});

describe('headers', () => {
  it('keeps what is no credential, names in lower case', () => {
    expect(
      sanitiseHeaders({
        Authorization: 'Bearer x',
        'X-Api-Key': 'y',
        'OpenAI-Organization': 'acme',
        'openai-project': 'p',
        'anthropic-organization-id': 'f00',
        'x-amz-security-token': 't',
        'Set-Cookie': ['a=1', 'b=2'],
        'x-ratelimit-remaining-tokens': '149984',
        'anthropic-ratelimit-input-tokens-reset': '2026-02-17T23:44:15Z',
        'x-amzn-bedrock-input-token-count': '12',
        'Content-Type': 'application/json',
        vary: ['a', 'b'],
        gone: undefined,
      }),
    ).toEqual({
      authorization: '<redacted:authorization>',
      'x-api-key': '<redacted:x-api-key>',
      'openai-organization': '<redacted:openai-organization>',
      'openai-project': '<redacted:openai-project>',
      'anthropic-organization-id': '<redacted:anthropic-organization-id>',
      'x-amz-security-token': '<redacted:x-amz-security-token>',
      'set-cookie': '<redacted:set-cookie>',
      'x-ratelimit-remaining-tokens': '149984',
      'anthropic-ratelimit-input-tokens-reset': '2026-02-17T23:44:15Z',
      'x-amzn-bedrock-input-token-count': '12',
      'content-type': 'application/json',
      vary: 'a, b',
    });
  });

  it('keeps a thousand and counts the others', () => {
    const many = Object.fromEntries(Array.from({ length: 1005 }, (_unused, index) => [`x-${index}`, 'v']));
    const kept = sanitiseHeaders(many);
    expect(Object.keys(kept)).toHaveLength(1001);
    expect(kept['<redacted:further_headers>']).toBe('5');
  });
});
