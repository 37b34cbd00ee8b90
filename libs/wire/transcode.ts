import { type FormatId, GatewayError, LossReport, type LossSummary } from '../protocol/index.js';
import { WIRE_FORMATS } from './formats.js';
import type { RequestOrigin, WireFormat } from './wire-format.js';

export const TRANSCODED = ['request', 'answer', 'stream'] as const;
export type Transcoded = (typeof TRANSCODED)[number];

export interface TranscodeQuestion {
  readonly kind: Transcoded;
  readonly from: FormatId;
  readonly to: FormatId;
  /** A request: its JSON value. An answer: its JSON value. A stream: its bytes as they came. */
  readonly body: unknown;
  /** What of a request stands beside its body, for formats whose URL says it. */
  readonly origin?: RequestOrigin | undefined;
  /** The model's name in the result; absent: as it was. */
  readonly model?: string | undefined;
  /** Written into answers that have no moment of their own, seconds since 1970. */
  readonly created: number;
}

export interface TranscodeResult extends LossSummary {
  /** JSON values; streams as text, binary ones as base64. */
  readonly body: unknown;
}

/**
 * Puts a request, an answer or a recorded stream of one format into another, and says what that loses.
 * @throws GatewayError `invalid_request` where the input is not of its format
 */
export function transcode(question: TranscodeQuestion): TranscodeResult {
  const from = formatOf(question.from);
  const to = formatOf(question.to);
  const report = new LossReport(question.from, question.to);
  const body = DOERS[question.kind](from, to, question, report);
  return { ...report.summary(), body };
}

type Doer = (from: WireFormat, to: WireFormat, question: TranscodeQuestion, report: LossReport) => unknown;

const DOERS: Readonly<Record<Transcoded, Doer>> = {
  request: (from, to, { body, origin, model }, report) =>
    to.encodeRequest(from.decodeRequest(body, origin), { report, model }).body,
  answer: (from, to, question, report) => {
    const decoded = from.decodeAnswer(Buffer.from(JSON.stringify(question.body ?? null)));
    if (!decoded.ok) throw notOf(question.from, decoded.error.message);
    return to.encodeAnswer(decoded.value, contextOf(question, report));
  },
  stream: (from, to, question, report) => {
    if (!Buffer.isBuffer(question.body)) throw notOf(question.from, 'a stream is given as bytes');
    const decoder = from.decodeEvents();
    const encoder = to.encodeEvents(contextOf(question, report));
    const pieces = [...decoder.push(question.body), ...decoder.end()].map((event) => encoder.push(event));
    if (pieces.every((piece) => typeof piece === 'string')) return pieces.join('');
    return Buffer.concat(pieces.map((piece) => Buffer.from(piece as Buffer))).toString('base64');
  },
};

function contextOf({ model, created }: TranscodeQuestion, report: LossReport) {
  return { report, id: 'transcoded', created, model: model ?? null, includeUsage: true };
}

function formatOf(id: FormatId): WireFormat {
  const format = WIRE_FORMATS[id];
  if (format !== undefined) return format;
  throw new GatewayError('invalid_request', `There is no wire format "${id}".`, { param: 'from' });
}

function notOf(format: FormatId, why: string): GatewayError {
  return new GatewayError('invalid_request', `The body is not of the format "${format}": ${why}`, { param: 'body' });
}
