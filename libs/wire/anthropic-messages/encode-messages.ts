import type { Message, Part, TextPart } from '../../protocol/index.js';
import { reportExtensions, writeExtensions } from '../fields.js';
import { isInstruction, joinedText, splitInstructions } from '../instructions.js';
import type { TargetTraits } from '../wire-format.js';
import { encodeBlock, encodeBlocks, type Encoding } from './encode-blocks.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

export interface MessageEncoding extends Encoding {
  readonly traits: TargetTraits;
}

/** The version that knows instructions between messages, and neither sampling settings nor some blocks. */
export const VERSION_2026 = '2026-10-21';

/** Writes `system` and `messages`. */
export function writeMessages(out: Out, messages: readonly Message[], encoding: MessageEncoding): void {
  const { leading, rest, offset } = leadingOf(messages, encoding);
  const system = leading.flatMap((message, index) => instructionBlocks(message, encoding, index));
  const list: Out[] = [];
  rest.forEach((message, index) => {
    const path = `messages[${String(offset + index)}]`;
    if (isInstruction(message) && !staysInPlace(encoding)) {
      encoding.report.add(path, 'instructions in the midst are moved to the front');
      system.push(...instructionBlocks(message, encoding, offset + index));
    } else {
      pushMessage(list, message, encoding, path);
    }
  });
  const only = leading[0];
  if (only?.form === 'system string' && encoding.own && leading.length === 1)
    out['system'] = joinedText(only.parts, '');
  else if (system.length > 0 || only?.form === 'system list') out['system'] = system;
  out['messages'] = list;
}

/** In front stands what its own format had in front; of other formats, all instructions before anything else. */
function leadingOf(messages: readonly Message[], { own }: Encoding): ReturnType<typeof splitInstructions> {
  if (!own) return splitInstructions(messages);
  const offset = messages[0]?.form?.startsWith('system ') === true ? 1 : 0;
  return { leading: messages.slice(0, offset), rest: messages.slice(offset), offset };
}

function staysInPlace({ own, traits }: MessageEncoding): boolean {
  return own || traits.version === VERSION_2026;
}

/** Instructions may be text only. */
function instructionBlocks(message: Message, encoding: MessageEncoding, index: number): Out[] {
  const path = `messages[${String(index)}]`;
  reportMessage(message, encoding, path);
  return message.parts.flatMap((part, index): Out[] => {
    const at = `${path}.parts[${String(index)}]`;
    if (part.type !== 'text' && !encoding.own) {
      encoding.report.add(at, 'instructions of the target are text only');
      return [];
    }
    const block = encodeBlock(part, encoding, at);
    return block === null ? [] : [block];
  });
}

function reportMessage(message: Message, { report }: Encoding, path: string): void {
  if (message.role === 'developer') report.add(`${path}.role`, "'developer' is told as 'system'");
  if (message.name !== undefined) report.add(`${path}.name`, 'not known to the target');
  if (message.id !== undefined) report.add(`${path}.id`, 'not known to the target');
  reportExtensions(report, message.extensions, FORMAT, path);
}

/**
 * One message; results of tools of other formats, which stand in messages of their own there, go into one message of the
 * user, because all results of a turn have to be in the next message.
 */
function pushMessage(list: Out[], message: Message, encoding: MessageEncoding, path: string): void {
  reportMessage(message, encoding, path);
  const parts = withoutBlanks(resultsFirst(message, encoding, path), encoding);
  const role = message.role === 'tool' ? 'user' : message.role === 'developer' ? 'system' : message.role;
  if (encoding.own) {
    list.push(ownMessage(message, role, encoding, path));
    return;
  }
  const blocks = encodeVersioned(parts, message, encoding, path);
  if (blocks.length === 0) return;
  const last = list.at(-1);
  if (message.role === 'tool' && last !== undefined && hasResults(last)) {
    (last['content'] as Out[]).push(...blocks);
    return;
  }
  const text = blocks.length === 1 ? bareText(blocks[0]!) : null;
  list.push({ role, content: text ?? blocks });
}

function ownMessage(message: Message, role: string, encoding: MessageEncoding, path: string): Out {
  const { parts, form } = message;
  const blocks = encodeVersioned(parts, message, encoding, path);
  const text = form === 'string' && blocks.length === 1 ? bareText(blocks[0]!) : null;
  const out: Out = { role, content: text ?? blocks };
  writeExtensions(out, message.extensions, FORMAT);
  return out;
}

/** The text of a block that is nothing else. */
function bareText(block: Out): string | null {
  return block['type'] === 'text' && Object.keys(block).length === 2 ? (block['text'] as string) : null;
}

function hasResults({ role, content }: Out): boolean {
  return role === 'user' && Array.isArray(content) && (content as Out[]).every(({ type }) => type === 'tool_result');
}

/** Results of tools have to stand before anything else. */
function resultsFirst(message: Message, { own, report }: Encoding, path: string): readonly Part[] {
  const first = message.parts.findIndex(({ type }) => type !== 'tool-result');
  const last = message.parts.findLastIndex(({ type }) => type === 'tool-result');
  if (own || first < 0 || last < first) return message.parts;
  report.add(path, 'results of tools are moved to the front of the message');
  return [
    ...message.parts.filter(({ type }) => type === 'tool-result'),
    ...message.parts.filter(({ type }) => type !== 'tool-result'),
  ];
}

/** A text without a word is refused. Streams are cut anywhere, so that callers may send one: it joins the text beside it. */
function withoutBlanks(parts: readonly Part[], { own }: Encoding): readonly Part[] {
  if (own || !parts.some(isBlank)) return parts;
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    const joins = isPlainText(part) && last !== undefined && isPlainText(last) && (isBlank(part) || isBlank(last));
    if (joins) out[out.length - 1] = { ...last, text: last.text + part.text };
    else out.push(part);
  }
  return out;
}

function isBlank(part: Part): boolean {
  return part.type === 'text' && part.text.trim() === '';
}

function isPlainText(part: Part): part is TextPart {
  return part.type === 'text' && part.cache === undefined && part.citations === undefined;
}

/** Without what the newer version refuses: documents an assistant speaks, citations a user does. */
function encodeVersioned(parts: readonly Part[], { role }: Message, encoding: MessageEncoding, path: string): Out[] {
  if (encoding.traits.version !== VERSION_2026) return encodeBlocks(parts, encoding, path);
  const { report } = encoding;
  const taken = parts.flatMap((part, index) => {
    const at = `${path}.parts[${String(index)}]`;
    if (role === 'assistant' && part.type === 'file') {
      report.add(at, `version ${VERSION_2026} takes no documents from an assistant`);
      return [];
    }
    if (role !== 'assistant' && part.type === 'text' && (part.citations?.length ?? 0) > 0) {
      report.add(`${at}.citations`, `version ${VERSION_2026} takes no citations from a user`);
      return [{ ...part, citations: undefined }];
    }
    return [part];
  });
  return encodeBlocks(taken, encoding, path);
}
