import type { JsonFields, Message, Role } from '../../protocol/index.js';
import { checkShape, isFields, refuse, restOf, textOf } from '../fields.js';
import { CallIds } from './call-ids.js';
import { decodePart } from './decode-parts.js';
import { camelNames } from './field-names.js';
import { CONTENT, FORMAT } from './shapes.js';

/** Google's roles; contents without one are the user's. */
const ROLES: Readonly<Record<string, Role>> = { user: 'user', model: 'assistant', function: 'tool' };

/** Instructions and turns of a request. @throws GatewayError 400 naming the field at fault */
export function decodeMessages(body: JsonFields): Message[] {
  const ids = new CallIds('call_');
  const instruction = body['systemInstruction'];
  const messages: Message[] = [];
  if (typeof instruction === 'string')
    messages.push({ role: 'system', parts: [{ type: 'text', text: instruction }], form: 'instruction string' });
  else if (isFields(instruction)) messages.push(decodeInstruction(instruction, ids));
  const contents = body['contents'];
  if (Array.isArray(contents))
    contents.forEach((content, index) => messages.push(decodeContent(content, `contents[${String(index)}]`, ids)));
  else messages.push(withForm(decodeContent(contents, 'contents', ids), 'only'));
  return messages;
}

function withForm(message: Message, form: string): Message {
  return { ...message, form: message.form === undefined ? form : `${message.form} ${form}` };
}

/** Its role says nothing, but was written: `instruction role=user`. */
function decodeInstruction(value: JsonFields, ids: CallIds): Message {
  const fields = camelNames(value);
  checkShape(fields, CONTENT, 'systemInstruction');
  const role = textOf(fields, 'role');
  const forms = ['instruction', ...(role === undefined ? [] : [`role=${role}`]), ...partsForm(fields)];
  return { role: 'system', ...contentOf(fields, 'systemInstruction', ids), form: forms.join(' ') };
}

function decodeContent(value: unknown, path: string, ids: CallIds): Message {
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  const fields = camelNames(value);
  checkShape(fields, CONTENT, path);
  const role = textOf(fields, 'role');
  if (role !== undefined && !Object.hasOwn(ROLES, role)) refuse(`${path}.role`, `'${path}.role' is not a known role.`);
  const forms = [...(role === undefined ? ['no-role'] : []), ...partsForm(fields)];
  return {
    role: ROLES[role ?? 'user']!,
    ...contentOf(fields, path, ids),
    form: forms.length === 0 ? undefined : forms.join(' '),
  };
}

function partsForm(fields: JsonFields): string[] {
  const { parts } = fields;
  return parts === undefined || parts === null ? ['no-parts'] : isFields(parts) ? ['one-part'] : [];
}

/** The API takes a single part without its list. */
function contentOf(fields: JsonFields, path: string, ids: CallIds): Pick<Message, 'parts' | 'extensions'> {
  const { parts } = fields;
  const list: readonly unknown[] = Array.isArray(parts) ? parts : isFields(parts) ? [parts] : [];
  list.forEach((part, index) => {
    const at = `${path}.parts[${String(index)}]`;
    if (!isFields(part)) refuse(at, `'${at}' must be an object.`);
  });
  return { parts: list.map((part) => decodePart(part, ids)), extensions: restOf(fields, CONTENT, FORMAT) };
}
