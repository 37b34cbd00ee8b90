/** What formats of calls that are asked and answered in one piece have to hold: on recorded traffic, and on hostile bodies. */
import fc from 'fast-check';
import { GatewayError, type JsonFields, LossReport, type WireError } from '../../../libs/protocol/index.js';
import type { RequestOrigin, WholeFormat } from '../../../libs/wire/index.js';
import { mutations } from './hostile-streams.js';
import { type Exchange, exchangesOf, haveRecordings } from './recorded-exchanges.js';

type AnyFormat<Request, Answer> = WholeFormat<never, Request, Answer>;

export interface WholeFormatUnderTest<Request, Answer> {
  readonly format: AnyFormat<Request, Answer>;
  /** Formats of the same kind, this one among them. */
  readonly family: readonly AnyFormat<Request, Answer>[];
  readonly origin: RequestOrigin;
  /** From the vendor's documents. */
  readonly sample: { readonly request: JsonFields; readonly answer: JsonFields; readonly error: JsonFields };
  /** Folders of recordings, and which of them are of this format; absent: there are none. */
  readonly recorded?: { readonly wire: string; readonly is: (exchange: Exchange) => boolean };
  /** What is written where a recorded body is written otherwise. */
  readonly asWritten?: (body: JsonFields) => JsonFields;
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value) ?? '');

export function describeWholeFormat<Request extends { source?: never }, Answer extends { source?: never }>(
  under: WholeFormatUnderTest<Request, Answer>,
): void {
  const { format, sample } = under;
  const recorded = under.recorded === undefined ? [] : exchangesOf([under.recorded.wire]);
  const mine = recorded.filter(([, exchange]) => under.recorded?.is(exchange) === true);

  describe(`the format ${String(format.id)}`, () => {
    it('writes back the documented request and answer as they were', () => {
      expectRequestBack(under, sample.request);
      expectAnswerBack(under, sample.answer);
    });

    it('writes back every recorded request and answer as they were', () => {
      for (const [, { request, response }] of mine) {
        if (request?.body !== undefined) expectRequestBack(under, request.body as JsonFields);
        if (response.status === 200) expectAnswerBack(under, response.body as JsonFields);
        else expect(errorOf(under, response.status, response.body)).toMatchObject({ status: response.status });
      }
      expect(haveRecordings ? mine.length : 0).toBeGreaterThanOrEqual(haveRecordings && under.recorded ? 1 : 0);
    });

    it('refuses requests with any value replaced by a 400 that names the field, or carries them', () => {
      let refused = 0;
      for (const body of mutations(sample.request)) {
        const decoded = requestOrRefusal(under, body);
        if (!(decoded instanceof GatewayError)) expectWritable(under, decoded);
        else {
          refused += 1;
          expect([JSON.stringify(body).slice(0, 200), typeof decoded.param]).toEqual([expect.anything(), 'string']);
        }
      }
      expect(refused).toBeGreaterThan(10);
      for (const body of [undefined, null, true, 1, 'text', [], [{}], {}])
        expect(requestOrRefusal(under, body)).toBeInstanceOf(GatewayError);
    });

    it('reads answers with any value replaced, or says what is wrong with them', () => {
      for (const body of mutations(sample.answer)) expectAnswerCarried(under, bytesOf(body));
      const whole = bytesOf(sample.answer);
      for (let length = 0; length < whole.length; length++)
        expect(format.decodeAnswer(whole.subarray(0, length))).toMatchObject({
          ok: false,
          error: { kind: 'malformed' },
        });
      fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => !format.decodeAnswer(Buffer.from(bytes)).ok));
    });

    it('says an error inside a 200 and any failed answer in its own envelope', () => {
      const inside = format.decodeAnswer(bytesOf(sample.error));
      expect(inside.ok).toBe(false);
      for (const body of [sample.error, 'nonsense', null]) {
        const error = errorOf(under, 429, body);
        expect(error.kind).toBe('rate-limit');
        const encoded = format.encodeError(error, 'req-1');
        expect(encoded.status).toBe(429);
        expect(JSON.stringify(encoded.body)).toContain(JSON.stringify(error.message));
      }
    });
  });
}

function errorOf<R, A>({ format }: WholeFormatUnderTest<R, A>, status: number, body: unknown): WireError {
  return format.decodeError({ status, headers: {}, body: bytesOf(body), nowMs: 0 });
}

function expectRequestBack<R extends { source?: never }, A>(under: WholeFormatUnderTest<R, A>, body: JsonFields): void {
  const { format, origin, asWritten } = under;
  const request = format.decodeRequest(structuredClone(body), origin);
  const report = new LossReport(request.source, format.id);
  const { body: encoded } = format.encodeRequest(request, { report });
  expect(asJson(encoded)).toEqual(withoutNulls(asWritten?.(structuredClone(body)) ?? body, encoded));
  expect(report.summary()).toEqual({ bridged: false, lossy: false, reasons: [] });
}

/** A field that is `null` may be left out. */
function withoutNulls(body: JsonFields, encoded: JsonFields): JsonFields {
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => value !== null || encoded[name] === null));
}

function expectAnswerBack<R, A extends { source?: never }>(under: WholeFormatUnderTest<R, A>, body: JsonFields): void {
  const { format } = under;
  const decoded = format.decodeAnswer(bytesOf(body));
  if (!decoded.ok) throw new Error(decoded.error.message);
  const report = new LossReport(decoded.value.source, format.id);
  expect(asJson(format.encodeAnswer(decoded.value, { report, id: 'made-up', model: null }))).toEqual(body);
  expect(report.summary().reasons).toEqual([]);
}

function requestOrRefusal<R, A>({ format, origin }: WholeFormatUnderTest<R, A>, body: unknown): R | GatewayError {
  try {
    return format.decodeRequest(structuredClone(body), origin);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    expect(error).toMatchObject({ status: 400, message: expect.stringMatching(/\S/) });
    return error;
  }
}

function expectWritable<R extends { source?: never }, A>({ family }: WholeFormatUnderTest<R, A>, request: R): void {
  for (const target of family) {
    try {
      const { body } = target.encodeRequest(request, { report: new LossReport(request.source, target.id) });
      expect(asJson(body)).toBeInstanceOf(Object);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      expect(error.status).toBe(400);
    }
  }
}

function expectAnswerCarried<R, A extends { source?: never }>(
  { format, family }: WholeFormatUnderTest<R, A>,
  bytes: Buffer,
): void {
  const decoded = format.decodeAnswer(bytes);
  if (!decoded.ok) return;
  for (const target of family) {
    const report = new LossReport(decoded.value.source, target.id);
    const body = target.encodeAnswer(decoded.value, { report, id: 'made-up', model: 'm' });
    expect(asJson(body)).toBeInstanceOf(Object);
  }
}
