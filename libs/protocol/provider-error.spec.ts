import fc from 'fast-check';
import { classifyProviderError, isRequestsFault, retryAfterMs, type WireErrorKind } from './index.js';

const NOW = Date.parse('2026-11-01T12:00:00Z');
const classify = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  classifyProviderError({ status, headers, body, nowMs: NOW });

describe('classifyProviderError', () => {
  // Shaped after the vendors' documentation; what could be recorded is in test/contract.
  const cases: [string, number, unknown, Record<string, string>, WireErrorKind][] = [
    [
      'Anthropic overloaded',
      529,
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      {},
      'overloaded',
    ],
    [
      'Anthropic overloaded in a stream',
      200,
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      {},
      'overloaded',
    ],
    [
      'Anthropic long prompt',
      400,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'prompt is too long: 208310 tokens > 200000 maximum' },
      },
      {},
      'context-length',
    ],
    [
      'Anthropic without money',
      400,
      {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: 'Your credit balance is too low to access the Anthropic API.',
        },
      },
      {},
      'quota',
    ],
    [
      'Anthropic large request',
      413,
      { type: 'error', error: { type: 'request_too_large', message: 'Request exceeds the maximum size' } },
      {},
      'too-large',
    ],
    [
      'OpenAI rate limit',
      429,
      { error: { message: 'Rate limit reached', type: 'tokens', param: null, code: 'rate_limit_exceeded' } },
      {},
      'rate-limit',
    ],
    [
      'OpenAI long prompt',
      400,
      {
        error: {
          message: 'too long',
          type: 'invalid_request_error',
          param: 'messages',
          code: 'context_length_exceeded',
        },
      },
      {},
      'context-length',
    ],
    [
      'OpenAI overload in a stream',
      200,
      { error: { type: 'service_unavailable_error', code: 'server_is_overloaded', message: 'busy' } },
      {},
      'overloaded',
    ],
    [
      'OpenAI fault in a stream',
      200,
      { error: { type: 'server_error', code: null, message: 'The server had an error' } },
      {},
      'server',
    ],
    [
      'Gemini unavailable',
      503,
      { error: { code: 503, status: 'UNAVAILABLE', message: 'The model is overloaded.' } },
      {},
      'overloaded',
    ],
    [
      'Gemini long prompt',
      400,
      {
        error: {
          code: 400,
          status: 'INVALID_ARGUMENT',
          message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).',
        },
      },
      {},
      'context-length',
    ],
    [
      'Bedrock throttling',
      429,
      { message: 'Too many requests' },
      { 'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/' },
      'rate-limit',
    ],
    [
      'Bedrock throttling in a stream',
      200,
      { message: 'Too many requests' },
      { ':exception-type': 'throttlingException' },
      'rate-limit',
    ],
    [
      'Bedrock model time-out',
      408,
      { message: 'Model has timed out' },
      { 'x-amzn-errortype': 'ModelTimeoutException' },
      'timeout',
    ],
    ['Mistral rate limit, oldest form', 429, { message: 'Requests rate limit exceeded' }, {}, 'rate-limit'],
    [
      'Mistral capacity',
      429,
      {
        object: 'error',
        message: 'Service tier capacity exceeded',
        type: 'service_tier_capacity_exceeded',
        code: '3505',
      },
      {},
      'overloaded',
    ],
    [
      'Mistral unknown field',
      422,
      {
        object: 'error',
        message: { detail: [{ type: 'extra_forbidden', loc: ['body', 'n'] }] },
        type: 'invalid_request_error',
      },
      {},
      'invalid-request',
    ],
    [
      'Groq too large',
      413,
      {
        error: {
          message: 'Request too large for model `x` on tokens per minute (TPM)',
          type: 'tokens',
          code: 'rate_limit_exceeded',
        },
      },
      {},
      'too-large',
    ],
    [
      'DeepSeek without money',
      402,
      { error: { message: 'Insufficient Balance', type: 'unknown_error', param: null, code: 'invalid_request_error' } },
      {},
      'quota',
    ],
    [
      'Moonshot without money',
      429,
      { error: { message: 'exceeded current quota', type: 'exceeded_current_quota_error' } },
      {},
      'quota',
    ],
    [
      'xAI wrong key',
      400,
      { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: xa***b.' },
      {},
      'authentication',
    ],
    [
      'vLLM long prompt',
      400,
      {
        object: 'error',
        message: "This model's maximum context length is 4096 tokens.",
        type: 'BadRequestError',
        code: 400,
      },
      {},
      'context-length',
    ],
    [
      'llama.cpp long prompt',
      400,
      {
        error: {
          code: 400,
          message: 'the request exceeds the available context size',
          type: 'exceed_context_size_error',
        },
      },
      {},
      'context-length',
    ],
    ['a proxy', 502, '<html>Bad Gateway</html>', {}, 'server'],
    ['no body', 500, '', {}, 'server'],
    ['a teapot', 418, null, {}, 'invalid-request'],
    ['an error in a 200 nobody explains', 200, { error: { message: 'oops' } }, {}, 'unknown'],
  ];

  it.each(cases)('%s', (_vendor, status, body, headers, kind) => {
    expect(classify(status, body, headers).kind).toBe(kind);
  });

  it('keeps what the vendor said of it', () => {
    const body = { error: { message: 'no', type: 't', code: 'c', param: 'p' }, request_id: 'req_1' };
    expect(classify(400, body)).toMatchObject({ message: 'no', type: 't', code: 'c', param: 'p', requestId: 'req_1' });
    expect(classify(404, { error: "model 'x' not found" }).message).toBe("model 'x' not found");
    expect(classify(401, { detail: 'Invalid API Key' }).message).toBe('Invalid API Key');
    expect(classify(500, 'plain words').message).toBe('plain words');
    expect(classify(500, {}).message).toBe('HTTP 500');
  });

  it('takes the status that is named inside a 200', () => {
    expect(classify(200, { error: { message: 'x', code: 502 } })).toMatchObject({ kind: 'server', status: 502 });
    expect(classify(200, { error: { message: 'x', code: '429' } })).toMatchObject({ kind: 'rate-limit', status: 429 });
    expect(classify(200, { error: { message: 'x', code: 7 } })).toMatchObject({ kind: 'unknown', status: 502 });
  });

  it('does as the vendor says about trying again', () => {
    expect(classify(500, {}).retryable).toBe(true);
    expect(classify(500, {}, { 'x-should-retry': 'false' }).retryable).toBe(false);
    expect(classify(400, {}, { 'x-should-retry': 'true' }).retryable).toBe(true);
  });

  it('never throws, whatever comes', () => {
    const deep: unknown = JSON.parse('['.repeat(30_000) + ']'.repeat(30_000));
    expect(classify(422, { detail: deep }).kind).toBe('invalid-request');
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fc.jsonValue(),
        fc.dictionary(fc.string(), fc.string()),
        (status, body, headers) => {
          for (const value of [
            body,
            { error: body },
            { error: { message: body, code: body, details: body, metadata: body } },
          ]) {
            const error = classify(status, value, headers);
            expect(error.message.length).toBeLessThanOrEqual(8_000);
            expect(typeof isRequestsFault(error.kind)).toBe('boolean');
          }
        },
      ),
    );
  });
});

describe('retryAfterMs', () => {
  const wait = (headers: Record<string, string>, message: string | null = null, details: unknown = null) =>
    retryAfterMs({ headers, message, details }, NOW);

  it.each([
    [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1500],
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'Sun, 01 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Sun, 01 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-5' }, null],
    [{ 'retry-after': '999999' }, 3_600_000],
    [
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '120ms',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      120,
    ],
    [
      {
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-requests': '1s',
        'x-ratelimit-reset-tokens': '15m50.4s',
      },
      950_400,
    ],
    [{ 'x-ratelimit-remaining-tokens': '12', 'x-ratelimit-reset-tokens': '2.674s' }, 2674],
    [
      { 'anthropic-ratelimit-requests-remaining': '0', 'anthropic-ratelimit-requests-reset': '2026-11-01T12:00:12Z' },
      12_000,
    ],
    [
      {
        'anthropic-ratelimit-output-tokens-remaining': '0',
        'anthropic-ratelimit-output-tokens-reset': '2026-11-01T12:00:40Z',
        'anthropic-ratelimit-requests-remaining': '9',
        'anthropic-ratelimit-requests-reset': '2026-11-01T12:00:50Z',
      },
      40_000,
    ],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW + 5000) }, 5000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 5) }, 5000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '5' }, 5000],
    [{}, null],
  ] as [Record<string, string>, number | null][])('%j is %p ms', (headers, expected) => {
    expect(wait(headers)).toBe(expected);
  });

  it.each([
    ['Rate limit reached. Please try again in 1.5s. Visit …', 1500],
    ['Please try again in 20ms.', 20],
    ['Please retry after 26 seconds.', 26_000],
    ['Please retry in 48.939935699s.', 48_940],
    ['Try again in 2 minutes', 120_000],
    ['Please try again in a moment', null],
  ])('reads it from "%s"', (message, expected) => {
    expect(wait({}, message)).toBe(expected);
  });

  it('takes Google’s RetryInfo before the message', () => {
    const info = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '27.5s' };
    expect(wait({}, 'Please retry in 99s.', [null, { '@type': 'other' }, info])).toBe(27_500);
    expect(wait({}, null, [{ ...info, retryDelay: 'never' }])).toBeNull();
  });
});
