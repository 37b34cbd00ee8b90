import { sanitiseBody } from '../../../libs/protocol/index.js';
import {
  encodeEventStreamMessage,
  type EventStreamMessage,
  EventStreamSplitter,
} from '../../../libs/streaming/index.js';
import { type MovedStretch, movedCuts } from './moved-cuts.js';

/** As large as the format allows a message. */
const MAX_FRAME_BYTES = 25 * 1024 * 1024;

interface Frame {
  readonly headers: Record<string, string>;
  readonly payload: string;
  readonly bytes: Buffer;
}

/**
 * An AWS event stream without secrets: frames in which there were some are written anew, all others stay to the byte. What
 * cannot be read as frames is left out.
 */
export function recordedEventStream(
  body: Buffer,
  lengths: readonly number[] | null,
): Readonly<Record<string, unknown>> {
  const splitter = new EventStreamSplitter(MAX_FRAME_BYTES);
  const found = splitter.push(body);
  splitter.end();
  const whole = found.map(writtenAnew);
  const frames = sanitised(whole);
  const base64 = Buffer.concat(frames.map(({ bytes }) => bytes)).toString('base64');
  const read = whole.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return {
    base64,
    decoded_events: frames.map(({ headers, payload }) => ({ headers, payload: valueOf(payload) })),
    ...(lengths !== null && read === body.length && { chunk_lengths: movedCuts(lengths, moved(whole, frames)) }),
    ...(read < body.length && { omitted_bytes: body.length - read }),
  };
}

/** A message as bytes. Headers that are no strings do not occur in this trade and are left out. */
function writtenAnew({ headers, payload }: EventStreamMessage): Frame {
  const named = Object.fromEntries(headers);
  return { headers: named, payload: payload.toString(), bytes: encodeEventStreamMessage(named, payload) };
}

/** All payloads together as lines of JSON, so that a secret in pieces shows; Bedrock's `bytes` are read as what they hold. */
function sanitised(frames: readonly Frame[]): Frame[] {
  const opened = frames.map(({ payload }) => opening(payload));
  const lines = sanitiseBody(opened.map(({ line }) => line).join('\n'), 'application/x-ndjson').text.split('\n');
  return frames.map((frame, index) => {
    const text = lines[index] ?? '';
    const { closing, line } = opened[index] as Opened;
    if (text === line) return frame;
    const payload = closing(text);
    return { ...frame, payload, bytes: encodeEventStreamMessage(frame.headers, payload) };
  });
}

interface Opened {
  /** The payload, or what is packed in its `bytes`, in one line. */
  readonly line: string;
  /** The payload with another line in it. */
  readonly closing: (line: string) => string;
}

function opening(payload: string): Opened {
  const value = valueOf(payload);
  const packed = typeof value === 'object' && value !== null && 'bytes' in value ? value.bytes : undefined;
  if (typeof packed !== 'string') return { line: oneLine(payload), closing: (line) => line };
  return {
    line: oneLine(Buffer.from(packed, 'base64').toString()),
    closing: (line) => JSON.stringify({ ...(value as object), bytes: Buffer.from(line).toString('base64') }),
  };
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

function valueOf(payload: string): unknown {
  try {
    return JSON.parse(payload) as unknown;
  } catch {
    return payload;
  }
}

function moved(before: readonly Frame[], after: readonly Frame[]): MovedStretch[] {
  let at = 0;
  return before.map(({ bytes }, index) => {
    const start = at;
    at += bytes.length;
    return { start, end: at, length: after[index]?.bytes.length ?? bytes.length };
  });
}
