import type { Message, Part, ReasoningPart } from '../../protocol/index.js';
import { reportExtensions, writeExtensions } from '../fields.js';
import { isInstruction, splitInstructions } from '../instructions.js';
import type { Encoding } from './encode-media.js';
import { encodePart } from './encode-parts.js';
import { movedMedia } from './encode-results.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

export interface MessageEncoding extends Encoding {
  /** Whether the model refuses calls without a signature. */
  readonly signaturesRequired: boolean;
}

/** Google's documented word for calls that another model made: the check of their signature is left out. */
const NO_SIGNATURE = 'skip_thought_signature_validator';

/** Writes `systemInstruction` and `contents`. */
export function writeMessages(out: Out, messages: readonly Message[], encoding: MessageEncoding): void {
  if (encoding.own) {
    writeOwn(out, messages, encoding);
    return;
  }
  const { leading, rest, offset } = splitInstructions(messages);
  const contents: Out[] = [];
  rest.forEach((message, index) => pushContent(contents, message, encoding, `messages[${String(offset + index)}]`));
  const instructions = leading.flatMap((message, index) => instructionParts(message, encoding, index));
  if (contents.length === 0 && instructions.length > 0) {
    encoding.report.add('messages', 'the target wants a turn of the user; the instructions are sent as one');
    contents.push({ role: 'user', parts: instructions });
  } else if (instructions.length > 0) out['systemInstruction'] = { parts: instructions };
  out['contents'] = contents;
}

function instructionParts(message: Message, encoding: MessageEncoding, index: number): Out[] {
  const path = `messages[${String(index)}]`;
  reportMessage(message, encoding, path);
  return message.parts.flatMap((part, at): Out[] => {
    if (part.type === 'text') return encoded(part, encoding, `${path}.parts[${String(at)}]`);
    encoding.report.add(`${path}.parts[${String(at)}]`, 'instructions of the target are text only');
    return [];
  });
}

function encoded(part: Part, encoding: MessageEncoding, path: string): Out[] {
  const out = encodePart(part, encoding, path);
  return out === null ? [] : [out];
}

function reportMessage(message: Message, { report }: MessageEncoding, path: string): void {
  if (message.name !== undefined) report.add(`${path}.name`, 'not known to the target');
  if (message.id !== undefined) report.add(`${path}.id`, 'not known to the target');
  reportExtensions(report, message.extensions, FORMAT, path);
}

/** Turns of the same side become one: all results of a turn have to stand in the next. */
function pushContent(contents: Out[], message: Message, encoding: MessageEncoding, path: string): void {
  reportMessage(message, encoding, path);
  if (isInstruction(message)) encoding.report.add(path, 'instructions in the midst are told by the user');
  const role = message.role === 'assistant' ? 'model' : 'user';
  const parts = role === 'model' ? modelParts(message, encoding, path) : userParts(message, encoding, path);
  if (parts.length === 0) return;
  const last = contents.at(-1);
  if (last?.['role'] === role) (last['parts'] as Out[]).push(...parts);
  else contents.push({ role, parts });
}

function userParts(message: Message, encoding: MessageEncoding, path: string): Out[] {
  return message.parts.flatMap((part, index): Out[] => {
    const at = `${path}.parts[${String(index)}]`;
    const out = encoded(part, encoding, at);
    return part.type === 'tool-result' ? [...out, ...movedMedia(part, encoding, at)] : out;
  });
}

/**
 * A thought without words that only keeps a signature of Google's signs the part behind it, or the last part where it stands
 * behind that: so it comes back from dialects that have no place for a signature there.
 */
function modelParts(message: Message, encoding: MessageEncoding, path: string): Out[] {
  const out: Out[] = [];
  let pending: string | undefined;
  message.parts.forEach((part, index) => {
    const kept = part.type === 'reasoning' ? signatureAlone(part) : undefined;
    if (kept !== undefined) {
      pending = kept;
      return;
    }
    for (const one of encoded(part, encoding, `${path}.parts[${String(index)}]`)) {
      if (pending !== undefined && one['thought'] !== true) {
        one['thoughtSignature'] ??= pending;
        pending = undefined;
      }
      out.push(one);
    }
  });
  const last = out.at(-1);
  if (pending !== undefined && last !== undefined && last['thought'] !== true) last['thoughtSignature'] ??= pending;
  if (encoding.signaturesRequired) signFirstCall(out);
  return out;
}

function signatureAlone({ text, summary, signature, encrypted }: ReasoningPart): string | undefined {
  const kept = encrypted ?? signature;
  const words = text !== '' || (summary?.length ?? 0) > 0;
  return !words && kept?.origin === FORMAT ? kept.value : undefined;
}

/** Of calls side by side the first has the signature. */
function signFirstCall(parts: readonly Out[]): void {
  const first = parts.find((part) => part['functionCall'] !== undefined);
  if (first !== undefined) first['thoughtSignature'] ??= NO_SIGNATURE;
}

/** Everything as it came. */
function writeOwn(out: Out, messages: readonly Message[], encoding: MessageEncoding): void {
  const contents: Out[] = [];
  messages.forEach((message, index) => {
    const path = `messages[${String(index)}]`;
    const forms = message.form?.split(' ') ?? [];
    const parts = message.parts.flatMap((part, at) => encoded(part, encoding, `${path}.parts[${String(at)}]`));
    if (forms.includes('string') && message.parts[0]?.type === 'text') {
      out['systemInstruction'] = message.parts[0].text;
      return;
    }
    const content: Out = {
      ...ownRole(message, forms),
      ...(forms.includes('no-parts') ? {} : { parts: forms.includes('one-part') ? parts[0] : parts }),
    };
    writeExtensions(content, message.extensions, FORMAT);
    reportExtensions(encoding.report, message.extensions, FORMAT, path);
    if (forms[0] === 'instruction') out['systemInstruction'] = content;
    else contents.push(content);
  });
  out['contents'] = messages.some(stoodAlone) ? contents[0] : contents;
}

/** The only content there was, without a list around it. */
function stoodAlone({ form }: Message): boolean {
  return form?.split(' ').includes('only') === true;
}

function ownRole({ role }: Message, forms: readonly string[]): Out {
  const written = forms.find((form) => form.startsWith('role='))?.slice(5);
  if (forms[0] === 'instruction') return written === undefined ? {} : { role: written };
  if (forms.includes('no-role')) return {};
  return { role: role === 'assistant' ? 'model' : role === 'tool' ? 'function' : 'user' };
}
