import { isUtf8 } from 'node:buffer';
import type { ObjectScan, ScanStatus } from '../streaming/index.js';
import { type Fields, refuse } from './openai-chat/request-fields.js';

/**
 * Parses the body of a request, which must be one JSON object in UTF-8, nested at most 256 levels deep, without `__proto__` and
 * without a field of `scan` given twice. Afterwards `scan` says where its fields stand.
 * @throws GatewayError `invalid_request`; nothing of the body is repeated in the message
 */
export function parseBody(body: Buffer, scan: ObjectScan): Fields {
  if (body.length === 0) refuse(null, 'The request body is empty.');
  if (!isUtf8(body)) refuse(null, 'The request body is not valid UTF-8.');
  checkShape(scan, scan.run(body));
  try {
    return JSON.parse(body.toString('utf8')) as Fields;
  } catch {
    // The parser's own words quote the body.
    refuse(null, 'The request body is not valid JSON.');
  }
}

function checkShape(scan: ObjectScan, status: ScanStatus): void {
  if (status === 'too_deep') refuse(null, 'The request body is nested more than 256 levels deep.');
  if (status === 'incomplete') refuse(null, 'The request body is not complete JSON.');
  if (status === 'malformed') refuse(null, 'The request body is not a JSON object.');
  if (scan.proto) refuse('__proto__', "'__proto__' is not a field of this request.");
  if (scan.duplicate >= 0) {
    const name = scan.name(scan.duplicate);
    refuse(name, `'${name}' is given more than once.`);
  }
}
