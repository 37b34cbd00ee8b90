/**
 * The few messages of the PostgreSQL wire protocol 3.0 that the embedded database's own sockets read and write.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

const PROTOCOL_3 = 3;
const HEADER_BYTES = 5;

/** Message types, as the first byte of a message. */
export const SIMPLE_QUERY = 0x51; // Q
export const SYNC = 0x53; // S
export const TERMINATE = 0x58; // X
const READY_FOR_QUERY = 0x5a; // Z
const NOTIFICATION = 0x41; // A

/** `I`: no transaction is open; `T`: one is; `E`: one is and has failed. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** Length in bytes of the first message in the buffer, or `null` while that is not known. A startup message has no type byte. */
export function messageLength(buffer: Buffer, startup: boolean): number | null {
  const lengthAt = startup ? 0 : 1;
  return buffer.length < lengthAt + 4 ? null : buffer.readInt32BE(lengthAt) + lengthAt;
}

/** Whether a startup message asks for a session (the alternatives are to encrypt, or to cancel another session). */
export function isSessionStart(message: Buffer): boolean {
  return message.length >= 8 && message.readInt16BE(4) === PROTOCOL_3;
}

/** SQL text of a simple query. */
export function queryText(message: Buffer): string {
  return message.toString('utf8', HEADER_BYTES, message.length - 1);
}

/** What a server answers to a startup message it accepts. */
export function sessionStarted(): Buffer {
  const authenticationOk = message('R', Buffer.alloc(4));
  const parameters = [
    ['client_encoding', 'UTF8'],
    ['DateStyle', 'ISO, MDY'],
    ['TimeZone', 'UTC'],
    ['integer_datetimes', 'on'],
    ['standard_conforming_strings', 'on'],
  ].map(([name, value]) => message('S', Buffer.from(`${name}\0${value}\0`)));
  return Buffer.concat([authenticationOk, ...parameters, readyForQuery('I')]);
}

export function readyForQuery(status: TransactionStatus): Buffer {
  return message('Z', Buffer.from(status));
}

export function commandComplete(tag: string): Buffer {
  return message('C', Buffer.from(`${tag}\0`));
}

export function errorResponse(severity: 'ERROR' | 'FATAL', code: string, text: string): Buffer {
  const fields = { S: severity, V: severity, C: code, M: text };
  const body = Object.entries(fields).map(([field, value]) => `${field}${value}\0`);
  return message('E', Buffer.from(`${body.join('')}\0`));
}

export function simpleQuery(sql: string): Buffer {
  return message('Q', Buffer.from(`${sql}\0`));
}

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(type, 'latin1');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

/** An answer of the database, taken apart: what goes to the one who asked, and what goes to those who listen. */
export interface Answer {
  data: Buffer;
  /** State of the session after it. */
  status: TransactionStatus;
  notifications: { channel: string; message: Buffer }[];
}

/** Splits the bytes of a whole answer. The one session of the embedded database hears the notifications for all of its clients. */
export function readAnswer(bytes: Buffer): Answer {
  const notifications: Answer['notifications'] = [];
  const kept: Buffer[] = [];
  let status: TransactionStatus = 'I';
  let keptFrom = 0;
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    if (bytes[at] === READY_FOR_QUERY) status = String.fromCharCode(bytes[at + HEADER_BYTES] ?? 0) as TransactionStatus;
    if (bytes[at] === NOTIFICATION) {
      const channelAt = at + HEADER_BYTES + 4;
      const channel = bytes.toString('utf8', channelAt, bytes.indexOf(0, channelAt));
      notifications.push({ channel, message: bytes.subarray(at, end) });
      kept.push(bytes.subarray(keptFrom, at));
      keptFrom = end;
    }
    at = end;
  }
  if (keptFrom === 0) return { data: bytes, status, notifications };
  return { data: Buffer.concat([...kept, bytes.subarray(keptFrom)]), status, notifications };
}
