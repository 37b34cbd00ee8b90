import { encodeSseData } from './sse.js';

export const LF = 0x0a;
export const CR = 0x0d;
const SPACE = 0x20;
export const COLON = 0x3a;

export const DATA_FIELD: Buffer = Buffer.from('data');
export const EVENT_FIELD: Buffer = Buffer.from('event');
export const ERROR_FIELD: Buffer = Buffer.from('error');
export const LINE_FEED: Buffer = Buffer.from('\n');

/** Whether the line `[start, end)` is the named field: the name, then a colon or nothing. */
export function isField(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  const length = name.length;
  if (end - start < length || (end - start > length && bytes[start + length] !== COLON)) return false;
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== name[index]) return false;
  }
  return true;
}

/** The first byte of a field's value: behind the colon and one space, where they are. */
export function valueStart(bytes: Buffer, nameEnd: number, end: number): number {
  if (nameEnd >= end) return end;
  return nameEnd + 1 < end && bytes[nameEnd + 1] === SPACE ? nameEnd + 2 : nameEnd + 1;
}

/** An event taken apart: its data lines joined by LF as the format says, and its other lines as they are. */
export interface JoinedFrame {
  readonly data: Buffer;
  readonly others: readonly Buffer[];
}

/** Takes the lines `[start, end)` of an event apart, the blank line at its end left out. */
export function joinDataLines(bytes: Buffer, start: number, end: number): JoinedFrame {
  const data: Buffer[] = [];
  const others: Buffer[] = [];
  let lineStart = start;
  while (lineStart < end) {
    let lineEnd = lineStart;
    while (bytes[lineEnd] !== LF && bytes[lineEnd] !== CR) lineEnd++;
    if (isField(bytes, lineStart, lineEnd, DATA_FIELD)) {
      if (data.length > 0) data.push(LINE_FEED);
      data.push(bytes.subarray(valueStart(bytes, lineStart + DATA_FIELD.length, lineEnd), lineEnd));
    } else {
      others.push(bytes.subarray(lineStart, lineEnd), LINE_FEED);
    }
    lineStart = bytes[lineEnd] === CR && bytes[lineEnd + 1] === LF ? lineEnd + 2 : lineEnd + 1;
  }
  return { data: Buffer.concat(data), others };
}

/** The lines of an event with other data, up to but without the blank line that ends it. */
export function rejoinFrame(others: readonly Buffer[], data: Buffer): Buffer {
  const frame = Buffer.concat([...others, encodeSseData(data)]);
  return frame.subarray(0, frame.length - LINE_FEED.length);
}
