const DATA = Buffer.from('data: ');
const EVENT = Buffer.from('event: ');
const LINE_END = Buffer.from('\n');
const FRAME_END = Buffer.from('\n\n');

/** The event that ends a stream of the OpenAI dialect. */
export const DONE_FRAME: Buffer = Buffer.from('data: [DONE]\n\n');

/** A comment without text: keeps a connection alive and means nothing. */
export const KEEP_ALIVE_FRAME: Buffer = Buffer.from(':\n\n');

/**
 * One event with the given data. Line breaks in the data become further `data:` lines, so nothing in it can end the
 * event early or begin another field.
 */
export function encodeSseData(data: string | Buffer): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  if (!hasLineBreak(bytes)) return Buffer.concat([DATA, bytes, FRAME_END]);
  const lines = bytes.toString('utf8').split(/\r\n|\r|\n/);
  return Buffer.from(`${lines.map((line) => `data: ${line}`).join('\n')}\n\n`);
}

/** One event with a type, as in `event: error`. */
export function encodeSseEvent(type: string, data: string | Buffer): Buffer {
  return Buffer.concat([EVENT, Buffer.from(oneLine(type)), LINE_END, encodeSseData(data)]);
}

/** A comment: clients of the OpenAI and Anthropic dialects pass over it. Line breaks in the text become spaces. */
export function encodeSseComment(text: string): Buffer {
  return Buffer.from(`: ${oneLine(text)}\n\n`);
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

function hasLineBreak(bytes: Buffer): boolean {
  return bytes.indexOf(0x0a) >= 0 || bytes.indexOf(0x0d) >= 0;
}
