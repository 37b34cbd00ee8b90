import type { Message, ToolResultPart } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { isInstruction } from '../instructions.js';
import { addPart, type Encoding, noPieces, type Out, type Pieces } from './encode-parts.js';
import { FORMAT } from './shapes.js';

/** The messages of a request, results of tools in messages of their own. */
export function encodeMessages(messages: readonly Message[], encoding: Encoding): Out[] {
  const written: Out[] = [];
  const names = namesOfCalls(messages);
  messages.forEach((message, index) => {
    const path = `messages[${String(index)}]`;
    const before = written.length;
    if (encoding.own) written.push(ownMessage(message, encoding, path));
    else writeMessage(written, { message, encoding, path, names });
    const first = written[before];
    if (first !== undefined) writeExtensions(first, message.extensions, FORMAT);
    reportMessage(message, encoding, path);
  });
  return written;
}

function reportMessage(message: Message, { report }: Encoding, path: string): void {
  reportExtensions(report, message.extensions, FORMAT, path);
  if (message.name !== undefined) report.add(`${path}.name`, 'not known to the target');
  if (message.id !== undefined) report.add(`${path}.id`, 'not known to the target');
}

/** What each call calls, by its id: a result names its tool here. */
function namesOfCalls(messages: readonly Message[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { parts } of messages)
    for (const part of parts) if (part.type === 'tool-call') names.set(part.id, part.name);
  return names;
}

interface Placed {
  readonly message: Message;
  readonly encoding: Encoding;
  readonly path: string;
  readonly names: ReadonlyMap<string, string>;
}

/** A message as it was; one that a model's transforms touched too. */
function ownMessage(message: Message, encoding: Encoding, path: string): Out {
  const [result] = message.parts;
  if (message.role !== 'tool' || result?.type !== 'tool-result')
    return { role: message.role, ...spokenFields(message, encoding, path) };
  const { callId, name, content, form } = result;
  return given({
    role: 'tool',
    ...spokenFields({ parts: content, form: message.form }, encoding, path),
    tool_name: name,
    tool_call_id: form === 'no-id' ? undefined : callId,
  });
}

/** What somebody says: content, thoughts, images, calls. */
export function spokenFields({ parts, form }: Pick<Message, 'parts' | 'form'>, encoding: Encoding, path: string): Out {
  const pieces = noPieces();
  parts.forEach((part, index) => {
    const at = `${path}.parts[${String(index)}]`;
    if (!encoding.own && part.type === 'text' && pieces.calls.length > 0)
      encoding.report.add(at, 'said before the calls it followed');
    addPart(pieces, part, encoding, at);
  });
  return fieldsOf(pieces, '', encoding.own && form?.split(' ').includes('none') === true);
}

function fieldsOf({ texts, thoughts, images, calls }: Pieces, between: string, isBare: boolean): Out {
  return given({
    content: isBare && texts.length === 0 ? undefined : texts.join(between),
    thinking: thoughts.length === 0 ? undefined : thoughts.join('\n\n'),
    images: images.length === 0 ? undefined : images,
    tool_calls: calls.length === 0 ? undefined : calls,
  });
}

function writeMessage(written: Out[], placed: Placed): void {
  const { message, encoding, path } = placed;
  if (message.role === 'assistant') {
    const fields = spokenFields(message, encoding, path);
    if (says(fields)) written.push({ role: 'assistant', ...fields });
  } else {
    writeOthers(written, placed);
  }
}

/** Instructions, what a user says and shows, and results of tools, which stand before it. */
function writeOthers(written: Out[], { message, encoding, path, names }: Placed): void {
  const said = noPieces();
  message.parts.forEach((part, index) => {
    const at = `${path}.parts[${String(index)}]`;
    if (part.type !== 'tool-result') {
      reportOrder(said, part.type, encoding, path);
      addPart(said, part, encoding, at);
      return;
    }
    if (said.texts.length + said.images.length > 0)
      encoding.report.add(at, 'moved before what was said in the same message');
    written.push(encodeResult(part, encoding, { path: at, names, shown: said.images }));
  });
  const fields = fieldsOf(said, '\n\n', false);
  if (says(fields)) written.push({ role: isInstruction(message) ? 'system' : 'user', ...fields });
}

/** The model reads the images of a message before its text. */
function reportOrder({ texts }: Pieces, type: string, { report }: Encoding, path: string): void {
  if (type === 'image' && texts.length > 0)
    report.add(`${path}.parts`, 'images stand before the text of their message');
}

function says(fields: Out): boolean {
  return Object.values(fields).some((value) => value !== '');
}

/** Results are text; what a tool showed is shown by the user. */
function encodeResult(
  part: ToolResultPart,
  encoding: Encoding,
  { path, names, shown }: { path: string; names: Placed['names']; shown: string[] },
): Out {
  const { report } = encoding;
  if (part.isError === true) report.add(`${path}.isError`, 'not known to the target; the text is sent as it is');
  if (part.cache !== undefined) report.add(`${path}.cache`, 'the target has no cache breakpoints');
  reportExtensions(report, part.extensions, FORMAT, path);
  const pieces = noPieces();
  part.content.forEach((one, index) => {
    const at = `${path}.content[${String(index)}]`;
    addPart(pieces, one, encoding, at);
    if (one.type === 'image' && pieces.images.length > 0)
      report.add(at, 'moved from the result of the tool into a message of the user');
  });
  shown.push(...pieces.images);
  return given({
    role: 'tool',
    content: pieces.texts.join('\n'),
    tool_name: part.name ?? names.get(part.callId),
    tool_call_id: part.callId,
  });
}
