import type { Message, Part } from '../../protocol/index.js';
import { reportExtensions, writeExtensions } from '../fields.js';
import { isInstruction, splitInstructions } from '../instructions.js';
import { encodeBlocks } from './encode-blocks.js';
import type { Encoding, Out } from './encoding.js';
import { FORMAT } from './shapes.js';

/** Writes `system` and `messages`. */
export function writeMessages(out: Out, messages: readonly Message[], encoding: Encoding): void {
  if (encoding.own) {
    writeOwnMessages(out, messages, encoding);
    return;
  }
  const { leading, rest, offset } = splitInstructions(messages);
  const system = leading.flatMap((message, index) => instructionBlocks(message, encoding, index));
  const list: Out[] = [];
  rest.forEach((message, at) => {
    const index = offset + at;
    if (!isInstruction(message)) {
      pushMessage(list, message, encoding, `messages[${String(index)}]`);
      return;
    }
    encoding.report.add(`messages[${String(index)}]`, 'instructions in the midst are moved to the front');
    system.push(...instructionBlocks(message, encoding, index));
  });
  if (system.length > 0) out['system'] = system;
  out['messages'] = list.map((message) => withTextBesideDocuments(message, encoding));
}

function writeOwnMessages(out: Out, messages: readonly Message[], encoding: Encoding): void {
  const offset = messages[0]?.form === 'system' ? 1 : 0;
  if (offset === 1) out['system'] = encodeBlocks(messages[0]!.parts, encoding, 'messages[0]');
  out['messages'] = messages.slice(offset).map((message, index) => {
    const content = encodeBlocks(message.parts, encoding, `messages[${String(offset + index)}]`);
    const written: Out = { role: message.role, content };
    writeExtensions(written, message.extensions, FORMAT);
    return written;
  });
}

/** Instructions may be text only. */
function instructionBlocks(message: Message, encoding: Encoding, index: number): Out[] {
  const path = `messages[${String(index)}]`;
  reportMessage(message, encoding, path);
  const texts = message.parts.flatMap((part, at): Part[] => {
    if (part.type === 'text') return [part];
    encoding.report.add(`${path}.parts[${String(at)}]`, 'instructions of the target are text only');
    return [];
  });
  return encodeBlocks(texts, encoding, path);
}

function reportMessage(message: Message, { report }: Encoding, path: string): void {
  if (message.name !== undefined) report.add(`${path}.name`, 'not known to the target');
  if (message.id !== undefined) report.add(`${path}.id`, 'not known to the target');
  reportExtensions(report, message.extensions, FORMAT, path);
}

/** The service wants user and assistant by turns, and all results of tools in the turn after their calls. */
function pushMessage(list: Out[], message: Message, encoding: Encoding, path: string): void {
  reportMessage(message, encoding, path);
  const role = message.role === 'assistant' ? 'assistant' : 'user';
  const blocks = encodeBlocks(message.parts, encoding, path).filter((block) =>
    isTakenFrom(role, block, encoding, path),
  );
  if (blocks.length === 0) return;
  const last = list.at(-1);
  if (last?.['role'] !== role) {
    list.push({ role, content: blocks });
    return;
  }
  const content = last['content'] as Out[];
  const results = blocks.filter(isResult);
  // Results come first, wherever in the turn they stood.
  content.splice(content.findLastIndex(isResult) + 1, 0, ...results);
  content.push(...blocks.filter((block) => !isResult(block)));
}

function isResult(block: Out): boolean {
  return block['toolResult'] !== undefined;
}

const OF_USERS_ONLY = ['image', 'document', 'video', 'audio'] as const;

/** Only users may show things. */
function isTakenFrom(role: string, block: Out, { report }: Encoding, path: string): boolean {
  const shown = role === 'assistant' ? OF_USERS_ONLY.find((name) => block[name] !== undefined) : undefined;
  if (shown === undefined) return true;
  report.add(path, `the target takes no ${shown} from an assistant`);
  return false;
}

/** A document without a word beside it is refused. */
function withTextBesideDocuments(message: Out, { report }: Encoding): Out {
  const content = message['content'] as Out[];
  const document = content.find((block) => block['document'] !== undefined)?.['document'] as Out | undefined;
  if (document === undefined || content.some(isSaid)) return message;
  report.add('messages', 'the target wants text beside a document: its name is put there');
  return { ...message, content: [{ text: document['name'] }, ...content] };
}

function isSaid(block: Out): boolean {
  return block['text'] !== undefined;
}
