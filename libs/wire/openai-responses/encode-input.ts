import type { Message, Part } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { isInstruction, joinedText, splitInstructions } from '../instructions.js';
import type { TargetTraits } from '../wire-format.js';
import { encodeOutput, encodeTurn, type ItemEncoding } from './encode-items.js';
import { encodePart } from './encode-parts.js';
import { type FormWords, formWords, valueOf } from './forms.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

export interface InputEncoding extends ItemEncoding {
  readonly traits: TargetTraits;
}

/** Writes `instructions` and `input`. */
export function writeInput(out: Out, messages: readonly Message[], encoding: InputEncoding, wasText: boolean): void {
  const { leading, rest, offset } = leadingOf(messages, encoding.own);
  if (leading.length > 0) out['instructions'] = instructionsOf(leading, encoding);
  const [only] = rest;
  if (encoding.own && wasText && only?.parts[0]?.type === 'text') out['input'] = only.parts[0].text;
  else
    out['input'] = rest.flatMap((message, index) =>
      encodeMessage(message, encoding, `messages[${String(offset + index)}]`),
    );
}

/** Its own stand where they stood; those of other formats go in front as far as they are text. */
function leadingOf(messages: readonly Message[], own: boolean): ReturnType<typeof splitInstructions> {
  if (!own) {
    const { leading, offset } = splitInstructions(messages);
    const isText = leading.every(({ parts }) => parts.every(({ type }) => type === 'text'));
    // A conversation of nothing but instructions needs its input.
    if (isText && offset < messages.length) return splitInstructions(messages);
    return { leading: [], rest: messages, offset: 0 };
  }
  const offset = messages[0]?.form === 'instructions' ? 1 : 0;
  return { leading: messages.slice(0, offset), rest: messages.slice(offset), offset };
}

function instructionsOf(leading: readonly Message[], encoding: InputEncoding): string {
  return leading
    .map((message, index) => {
      reportMessage(message, encoding, `messages[${String(index)}]`);
      message.parts.forEach((part, at) => {
        reportExtensions(encoding.report, part.extensions, FORMAT, `messages[${String(index)}].parts[${String(at)}]`);
      });
      return joinedText(message.parts, '\n\n');
    })
    .join('\n\n');
}

function reportMessage(message: Message, { report }: InputEncoding, path: string): void {
  if (message.name !== undefined) report.add(`${path}.name`, 'not known to the target');
  if (message.id !== undefined) report.add(`${path}.id`, 'not known to the target');
  reportExtensions(report, message.extensions, FORMAT, path);
}

function encodeMessage(message: Message, encoding: InputEncoding, path: string): Out[] {
  reportMessage(message, encoding, path);
  if (message.role === 'assistant' && message.parts.length > 0) return encodeTurn(message.parts, encoding, path);
  return encodeOthers(message, encoding, path);
}

/** Instructions, what a user says, and the results of tools, which are items of their own. */
function encodeOthers(message: Message, encoding: InputEncoding, path: string): Out[] {
  const out: Out[] = [];
  let content: Out[] | null = null;
  message.parts.forEach((part, index) => {
    const at = `${path}.parts[${String(index)}]`;
    if (part.type === 'tool-result') {
      content = null;
      out.push(encodeOutput(part, encoding, at));
      return;
    }
    if (part.type === 'opaque' && part.format === FORMAT && part.form === 'item') {
      out.push({ ...(part.value as Out) });
      return;
    }
    const encoded = encodePart(part, message.role, encoding, at);
    if (encoded === null) return;
    if (content === null) {
      content = [];
      out.push(withContent(message, encoding, content));
    }
    content.push(encoded);
  });
  if (out.length === 0 && encoding.own && message.role !== 'tool') out.push(withContent(message, encoding, []));
  if (encoding.own && formWords(message.form)['string'] === true) out[0]!['content'] = textOf(message.parts);
  return out;
}

function textOf(parts: readonly Part[]): string {
  return joinedText(parts, '');
}

function withContent(message: Message, encoding: InputEncoding, content: Out[]): Out {
  const words: FormWords = encoding.own ? formWords(message.form) : {};
  const out = given({
    type: words['typed'] === true ? 'message' : undefined,
    id: valueOf(words, 'id'),
    status: valueOf(words, 'status'),
    role: roleOf(message, encoding),
    content,
  });
  writeExtensions(out, message.extensions, FORMAT);
  return out;
}

function roleOf(message: Message, { own, traits }: InputEncoding): string {
  if (message.role === 'tool') return 'user';
  return isInstruction(message) && !own ? (traits.instructionRole ?? message.role) : message.role;
}
