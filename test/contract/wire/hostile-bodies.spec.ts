import fc from 'fast-check';
import {
  type CanonicalAnswer,
  type CanonicalRequest,
  type FormatId,
  GatewayError,
  LossReport,
} from '../../../libs/protocol/index.js';
import { WIRE_FORMATS, type WireFormat } from '../../../libs/wire/index.js';
import { mutations } from './hostile-streams.js';
import { SAMPLE_BODIES, type SampleBodies } from './sample-bodies.js';

const FORMATS = Object.values(WIRE_FORMATS);

/** The request, or the refusal. Anything but a 400 that names a field fails the test. */
function request(format: WireFormat, body: unknown, { origin }: SampleBodies): CanonicalRequest | GatewayError {
  try {
    return format.decodeRequest(body, origin);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    expect(error).toMatchObject({ status: 400, message: expect.stringMatching(/\S/) });
    return error;
  }
}

/** Written in every format: JSON, or a refusal. */
function expectRequestWritable(decoded: CanonicalRequest): void {
  for (const format of FORMATS) {
    try {
      const { body } = format.encodeRequest(decoded, { report: new LossReport(decoded.source, format.id) });
      expect(JSON.parse(JSON.stringify(body))).toBeInstanceOf(Object);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      expect(error.status).toBe(400);
    }
  }
}

function expectAnswerWritable(decoded: CanonicalAnswer): void {
  for (const { id, encodeAnswer } of FORMATS) {
    const report = new LossReport(decoded.source, id);
    const body = encodeAnswer(decoded, { report, id: 'made-up', created: 0, model: 'm' });
    expect(JSON.parse(JSON.stringify(body))).toBeInstanceOf(Object);
  }
}

function expectCountable(usage: CanonicalAnswer['usage']): void {
  for (const count of Object.values(usage ?? {})) {
    if (typeof count === 'number') expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
  }
}

const NO_BODIES: readonly unknown[] = [undefined, null, true, 1, 'text', [], [{}], {}];

describe.each(
  FORMATS.map((format): [FormatId, WireFormat, SampleBodies] => [format.id, format, SAMPLE_BODIES[format.id]]),
)('hostile bodies of %s', (_id, format, sample) => {
  it('reads the good ones', () => {
    const decoded = request(format, structuredClone(sample.request), sample);
    if (decoded instanceof GatewayError) throw decoded;
    expectRequestWritable(decoded);
    const answer = format.decodeAnswer(Buffer.from(JSON.stringify(sample.answer)));
    if (!answer.ok) throw new Error(answer.error.message);
    expectAnswerWritable(answer.value);
  });

  it('refuses requests with any value replaced by a 400 that names the field, or reads them', () => {
    let refused = 0;
    for (const body of mutations(sample.request)) {
      const decoded = request(format, body, sample);
      if (!(decoded instanceof GatewayError)) {
        expectRequestWritable(decoded);
        continue;
      }
      refused += 1;
      expect([JSON.stringify(body).slice(0, 300), decoded.message, typeof decoded.param]).toEqual([
        expect.anything(),
        expect.anything(),
        'string',
      ]);
    }
    expect(refused).toBeGreaterThan(100);
  }, 60_000);

  it.each(NO_BODIES)('refuses %j as a request', (body) => {
    expect(request(format, body, sample)).toBeInstanceOf(GatewayError);
  });

  it('takes names of prototypes for what they are', () => {
    const body = JSON.parse(
      JSON.stringify(sample.request).replace(
        '{',
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},',
      ),
    ) as unknown;
    const decoded = request(format, body, sample);
    if (!(decoded instanceof GatewayError)) expectRequestWritable(decoded);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('reads answers with any value replaced, or says what is wrong with them', () => {
    for (const body of mutations(sample.answer)) {
      const decoded = format.decodeAnswer(Buffer.from(JSON.stringify(body)));
      if (!decoded.ok) continue;
      expectCountable(decoded.value.usage);
      expectAnswerWritable(decoded.value);
    }
  }, 60_000);

  it('takes no answer that was cut off for a whole one', () => {
    const bytes = Buffer.from(JSON.stringify(sample.answer));
    for (let length = 0; length < bytes.length; length++) {
      expect(format.decodeAnswer(bytes.subarray(0, length))).toMatchObject({ ok: false, error: { kind: 'malformed' } });
    }
  });

  it('takes no nonsense for an answer', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const nonsense = [
      'null',
      '[]',
      '"x"',
      '1',
      'true',
      '<html></html>',
      deep,
      `{"a":${deep}}`,
      JSON.stringify(sample.answer).replace('{', `{"a":${deep},`),
    ];
    for (const text of nonsense) expect(format.decodeAnswer(Buffer.from(text)).ok).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(format.decodeAnswer(Buffer.from(bytes)).ok).toBe(false);
      }),
    );
  });

  it('understands any failure', () => {
    const bodies = [
      ...['', 'null', '[]', '"x"', '{}', '<html><h1>502 Bad Gateway</h1></html>', '\u0000', '{"error":'].map((text) =>
        Buffer.from(text),
      ),
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from(`{"error":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
      ...[...mutations(sample.error)].map((body) => Buffer.from(JSON.stringify(body))),
      ...[...mutations({ error: { message: 'm', type: 't', code: 'c', status: 's' } })].map((body) =>
        Buffer.from(JSON.stringify(body)),
      ),
    ];
    const headers = [
      {},
      { 'retry-after': 'soon', 'content-type': 'text/html' },
      { 'retry-after': ['-5', '7'] },
      { 'retry-after': '1e9' },
    ];
    for (const status of [200, 300, 400, 401, 402, 404, 413, 418, 429, 499, 500, 502, 503, 529, 599, 999]) {
      for (const [at, body] of bodies.entries()) {
        const error = format.decodeError({ status, headers: headers[at % headers.length] ?? {}, body, nowMs: 0 });
        expect(typeof error.message).toBe('string');
        expect(error.message).not.toBe('');
        if (error.retryAfterMs !== undefined) expect(error.retryAfterMs).toBeGreaterThanOrEqual(0);
        for (const { encodeError } of FORMATS) {
          const written = encodeError(error, 'req-1');
          expect(written.status >= 400 && written.status <= 599).toBe(true);
          expect(JSON.parse(JSON.stringify(written.body))).toBeInstanceOf(Object);
          for (const value of Object.values(written.headers)) expect(value).toMatch(/^[\x20-\x7e]*$/);
        }
      }
    }
  }, 60_000);
});
