import type { FilePart, Message, Part, ToolResultPart } from '../../protocol/index.js';
import { reportExtensions, writeExtensions } from '../fields.js';
import { isInstruction, joinedText } from '../instructions.js';
import { documentOf, encodeOwnDocument, isDocument, isForDocuments } from './documents.js';
import { encodePart, type Encoding, lost, type Out } from './encode-content.js';
import { encodeSpoken } from './encode-spoken.js';
import { FORMAT } from './shapes.js';

/** Writes `messages` and `documents`. */
export function writeMessages(out: Out, messages: readonly Message[], encoding: Encoding): void {
  const written: Out[] = [];
  const documents: unknown[] = [];
  messages.forEach((message, index) => {
    const path = `messages[${String(index)}]`;
    if (encoding.own) documents.push(...message.parts.filter(isDocument).map(encodeOwnDocument));
    if (encoding.own && isForDocuments(message)) return;
    const before = written.length;
    writeMessage(written, documents, { message, encoding, path });
    const first = written[before];
    if (first !== undefined) writeExtensions(first, message.extensions, FORMAT);
    reportMessage(message, encoding, path);
  });
  out['messages'] = written;
  if (documents.length > 0) out['documents'] = documents;
}

function reportMessage(message: Message, { report }: Encoding, path: string): void {
  reportExtensions(report, message.extensions, FORMAT, path);
  if (message.name !== undefined) report.add(`${path}.name`, 'not known to the target');
  if (message.id !== undefined) report.add(`${path}.id`, 'not known to the target');
}

interface Placed {
  readonly message: Message;
  readonly encoding: Encoding;
  readonly path: string;
}

function writeMessage(written: Out[], documents: unknown[], placed: Placed): void {
  const { message, encoding, path } = placed;
  if (message.role === 'assistant') {
    const spoken = encodeSpoken(message, encoding, path);
    if (spoken !== null) written.push(spoken);
  } else if (isInstruction(message)) {
    writeInstruction(written, placed);
  } else {
    writeUser(written, documents, placed);
  }
}

/** Instructions may be text only. */
function writeInstruction(written: Out[], { message, encoding, path }: Placed): void {
  const content = message.parts.flatMap((part, index): Out[] => {
    const at = `${path}.parts[${String(index)}]`;
    const isTaken = part.type === 'text' || encoding.own;
    const encoded = isTaken
      ? encodePart(part, encoding, at)
      : lost(encoding, at, 'instructions of the target are text only');
    return encoded === null ? [] : [encoded];
  });
  if (encoding.own) written.push({ role: message.role, ...ownContent(content, message.form) });
  else if (content.length > 0) written.push({ role: 'system', content: texts(content).join('\n\n') });
}

function texts(content: readonly Out[]): string[] {
  return content.map(({ text }) => text as string);
}

function ownContent(content: readonly Out[], form: string | undefined): Out {
  if (form === 'string') return { content: content[0]?.['text'] };
  return form === 'none' && content.length === 0 ? {} : { content };
}

/** What a user says and shows, and the results of tools, which stand in messages of their own before it. */
function writeUser(written: Out[], documents: unknown[], { message, encoding, path }: Placed): void {
  const shown: Out[] = [];
  const content: Out[] = [];
  const speaks = message.parts.some(({ type }) => type === 'text' || type === 'image');
  message.parts.forEach((part, index) => {
    const at = `${path}.parts[${String(index)}]`;
    if (part.type === 'tool-result') {
      if (content.length > 0) encoding.report.add(at, 'moved before what was said in the same message');
      written.push(encodeResult(part, encoding, at, shown));
    } else if (encoding.own && isDocument(part)) {
      return;
    } else if (part.type === 'file' && !encoding.own) {
      writeFile(part, { encoding, path: at }, content, speaks ? documents : null);
    } else {
      pushSaid(content, part, encoding, at);
    }
  });
  if (encoding.own && message.role === 'user') written.push({ role: 'user', ...ownContent(content, message.form) });
  else pushForeign(written, [...shown, ...content]);
}

function pushSaid(content: Out[], part: Part, encoding: Encoding, path: string): void {
  if (!encoding.own && part.type === 'text' && part.text === '') return;
  const encoded = encodePart(part, encoding, path);
  if (encoded !== null) content.push(encoded);
}

function pushForeign(written: Out[], content: readonly Out[]): void {
  const [only] = content;
  if (only === undefined) return;
  written.push({ role: 'user', content: content.length === 1 && only['type'] === 'text' ? only['text'] : content });
}

/** Texts go to the documents of the request, which the answer cites; where nothing else is said, they are what is said. */
function writeFile(
  part: FilePart,
  { encoding, path }: Pick<Placed, 'encoding' | 'path'>,
  content: Out[],
  documents: unknown[] | null,
): void {
  const document = documentOf(part);
  if (document === undefined) {
    encoding.report.add(path, 'the target takes documents as text only');
    return;
  }
  if (part.cache !== undefined) encoding.report.add(`${path}.cache`, 'the target has no cache breakpoints');
  if (part.context !== undefined) encoding.report.add(`${path}.context`, 'not known to the target');
  reportExtensions(encoding.report, part.extensions, FORMAT, path);
  if (documents === null) {
    encoding.report.add(path, 'the document is sent as text');
    content.push({ type: 'text', text: (document['data'] as Out)['text'] });
    return;
  }
  encoding.report.add(path, 'moved to the documents of the request');
  documents.push(document);
}

/** Results are text; what a tool showed is shown by the user. */
function encodeResult(part: ToolResultPart, encoding: Encoding, path: string, shown: Out[]): Out {
  const { own, report } = encoding;
  if (part.isError === true) report.add(`${path}.isError`, 'not known to the target; the text is sent as it is');
  if (part.cache !== undefined) report.add(`${path}.cache`, 'the target has no cache breakpoints');
  reportExtensions(report, part.extensions, FORMAT, path);
  const out: Out = { role: 'tool', tool_call_id: part.callId };
  if (own && part.form === 'string') return { ...out, content: joinedText(part.content, '') };
  const content = part.content.flatMap((one, index): Out[] => {
    const at = `${path}.content[${String(index)}]`;
    const encoded = one.type === 'file' ? fileText(one, encoding, at) : encodePart(one, encoding, at);
    if (encoded === null) return [];
    if (own || encoded['type'] === 'text') return [encoded];
    report.add(at, 'moved from the result of the tool into a message of the user');
    shown.push(encoded);
    return [];
  });
  if (own) return part.form === 'none' && content.length === 0 ? out : { ...out, content };
  return { ...out, content: texts(content).join('\n') };
}

function fileText(part: FilePart, encoding: Encoding, path: string): Out | null {
  const document = documentOf(part);
  if (document === undefined) return lost(encoding, path, 'the target takes documents as text only');
  encoding.report.add(path, 'the document is sent as text');
  return { type: 'text', text: (document['data'] as Out)['text'] };
}
