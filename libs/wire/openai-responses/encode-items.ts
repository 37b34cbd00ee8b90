import type {
  BuiltinCallPart,
  ImagePart,
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
} from '../../protocol/index.js';
import { given, isFields, jsonText, reportExtensions, writeExtensions } from '../fields.js';
import { joinedText } from '../instructions.js';
import { sealSignature } from '../signature-envelope.js';
import { askedField, askedOf } from './builtins.js';
import { encodePart, type Encoding, lost } from './encode-parts.js';
import { type FormWords, formWords, valueOf } from './forms.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Makes ids of items that have none: of their kind and their place. */
export type MakeId = (prefix: string, place: number) => string;

export interface ItemEncoding extends Encoding {
  /** Absent: items without an id get none, which requests may. */
  readonly makeId?: MakeId | undefined;
}

/** What a turn of the model becomes: messages of its words, and an item for everything else. */
export function encodeTurn(parts: readonly Part[], encoding: ItemEncoding, path: string): Out[] {
  const out: Out[] = [];
  let message: Out | null = null;
  parts.forEach((part, index) => {
    const at = `${path}.parts[${String(index)}]`;
    if (isContent(part, encoding.own)) {
      const encoded = encodePart(part, 'assistant', encoding, at);
      if (encoded === null) return;
      if (message === null || beginsMessage(part, encoding))
        out.push((message = beginMessage(part, encoding, out.length)));
      addContent(message, encoded, part, encoding);
      return;
    }
    message = null;
    out.push(...encodeItem(part, encoding, at, out.length));
  });
  return out;
}

/** Whether a part stands in a message. */
function isContent(part: Part, own: boolean): boolean {
  if (part.type === 'text' || part.type === 'refusal' || part.type === 'json') return true;
  const words = own ? formWords(part.form) : {};
  if (words['image_generation_call'] === true || words['item'] === true) return false;
  return own && ['image', 'file', 'audio', 'opaque'].includes(part.type);
}

export function beginsMessage(part: Part, { own }: ItemEncoding): boolean {
  return own && formWords(part.form)['message'] === true;
}

/** The item of a message, its content empty. */
export function beginMessage(part: Part, encoding: ItemEncoding, place: number): Out {
  const words: FormWords = encoding.own ? formWords(part.form) : {};
  const out = words['message'] === true ? writtenHead(words) : madeHead(encoding, place);
  out['role'] = 'assistant';
  out['content'] = words['string'] === true ? '' : [];
  const item = part.extensions?.[FORMAT]?.['item.'];
  if (encoding.own && isFields(item)) writeExtensions(out, { [FORMAT]: item }, FORMAT);
  return out;
}

/** As it came. */
function writtenHead(words: FormWords): Out {
  const type = words['typed'] === true ? 'message' : undefined;
  return given({ id: valueOf(words, 'id'), type, status: valueOf(words, 'status') });
}

function madeHead({ own, toCaller, makeId }: ItemEncoding, place: number): Out {
  const id = makeId?.('msg', place);
  const type = own || toCaller ? 'message' : undefined;
  return given({ id, type, status: id === undefined ? undefined : 'completed' });
}

function addContent(message: Out, encoded: Out, part: Part, { own }: ItemEncoding): void {
  if (own && formWords(part.form)['string'] === true) message['content'] = encoded['text'];
  else if (Array.isArray(message['content'])) (message['content'] as Out[]).push(encoded);
}

/** Everything that is no message. */
export function encodeItem(part: Part, encoding: ItemEncoding, path: string, place: number): Out[] {
  const items = itemsOf(part, encoding, path, place);
  const last = items.at(-1);
  if (last === undefined) return [];
  writeExtensions(last, part.extensions, FORMAT);
  reportExtensions(encoding.report, part.extensions, FORMAT, path);
  return items;
}

function itemsOf(part: Part, encoding: ItemEncoding, path: string, place: number): Out[] {
  switch (part.type) {
    case 'tool-call':
      return encodeCall(part, encoding, path, place);
    case 'reasoning':
      return some(encodeReasoning(part, encoding, path, place));
    case 'builtin-call':
      return some(encodeBuiltin(part, encoding, path));
    case 'image':
      return some(encodeImage(part, encoding, path, place));
    case 'opaque':
      if (part.format !== FORMAT) return some(lost(encoding, path, `a part only ${part.format} knows`));
      return isFields(part.value) ? [{ ...part.value }] : [];
    default:
      return some(lost(encoding, path, `no ${part.type} parts in a turn of the model`));
  }
}

function some(item: Out | null): Out[] {
  return item === null ? [] : [item];
}

/** How OpenAI's ids of items begin. */
const PREFIXES: Readonly<Record<string, string>> = {
  message: 'msg',
  function_call: 'fc',
  custom_tool_call: 'ctc',
  reasoning: 'rs',
  image_generation_call: 'ig',
};

/** Fields every item may have, as they came; else made ones. */
function headOf(type: string, part: Part, encoding: ItemEncoding, place: number): Out {
  const words: FormWords = encoding.own ? formWords(part.form) : {};
  const made = encoding.own && words[type] === true ? undefined : encoding.makeId?.(PREFIXES[type] ?? '', place);
  return given({
    type,
    id: valueOf(words, 'id') ?? made,
    status: valueOf(words, 'status') ?? (made === undefined ? undefined : 'completed'),
  });
}

/** A foreign signature of a call goes to a caller in a thought of its own before it, which comes back with the call. */
function encodeCall(part: ToolCallPart, encoding: ItemEncoding, path: string, place: number): Out[] {
  const carrier = carrierFor(part, encoding, path, place);
  return [...carrier, callOf(part, encoding, place + carrier.length)];
}

function carrierFor(
  { signature }: ToolCallPart,
  { own, toCaller, report, makeId }: ItemEncoding,
  path: string,
  place: number,
): Out[] {
  if (signature === undefined) return [];
  if (toCaller && !own) {
    const sealed = sealSignature({ signature }, FORMAT);
    return [given({ type: 'reasoning', id: makeId?.('rs', place), summary: [], encrypted_content: sealed })];
  }
  report.add(`${path}.signature`, `a signature only ${signature.origin} reads`);
  return [];
}

function callOf(part: ToolCallPart, encoding: ItemEncoding, place: number): Out {
  const words: FormWords = encoding.own ? formWords(part.form) : {};
  const isCustom = part.kind === 'custom';
  return {
    ...headOf(isCustom ? 'custom_tool_call' : 'function_call', part, encoding, place),
    ...(words['no-call-id'] === true ? {} : { call_id: part.id }),
    name: part.name,
    ...(isCustom ? { input: part.arguments } : { arguments: argumentsOf(part, encoding) }),
  };
}

/** Clients parse arguments, and nothing is no JSON. */
function argumentsOf(part: ToolCallPart, { own }: ItemEncoding): string {
  return !own && part.arguments.trim() === '' ? '{}' : part.arguments;
}

function encodeReasoning(part: ReasoningPart, encoding: ItemEncoding, path: string, place: number): Out | null {
  const { own, toCaller } = encoding;
  const isTargets = own || (part.encrypted ?? part.signature)?.origin === FORMAT;
  if (!isTargets && !toCaller) return withoutThought(part, encoding, path);
  const head = headOf('reasoning', part, encoding, place);
  return given({
    ...head,
    // The id of the provider's own thought; that of a foreign one is in the envelope.
    id: head['id'] ?? (isTargets ? part.id : undefined),
    summary: summaryOf(part, own),
    content: contentOf(part, own),
    encrypted_content: sealSignature(part, FORMAT),
  });
}

/** What is read of a thought is its summary, so the thoughts of other formats are told there. */
function summaryOf(part: ReasoningPart, own: boolean): Out[] | undefined {
  const told = own || part.summary !== undefined || part.text === '' ? part.summary : [part.text];
  return told?.map((text) => ({ type: 'summary_text', text })) ?? (own ? undefined : []);
}

function withoutThought(part: ReasoningPart, encoding: ItemEncoding, path: string): null {
  if (!saysNothing(part)) lost(encoding, path, "reasoning of earlier turns that is not the target's own");
  return null;
}

function saysNothing({ text, summary, encrypted, signature }: ReasoningPart): boolean {
  return text === '' && (summary?.length ?? 0) === 0 && encrypted === undefined && signature === undefined;
}

/** The texts of a thought, cut where they were cut. */
function contentOf({ text, summary, form }: ReasoningPart, own: boolean): Out[] | undefined {
  const lengths = own ? valueOf(formWords(form), 'content') : undefined;
  if (own && lengths === undefined) return undefined;
  if (lengths === undefined)
    return text === '' || summary === undefined ? undefined : [{ type: 'reasoning_text', text }];
  let at = 0;
  return lengths
    .split(',')
    .filter((length) => length !== '')
    .map((length) => ({ type: 'reasoning_text', text: text.slice(at, (at += Number(length))) }));
}

function encodeBuiltin(part: BuiltinCallPart, encoding: ItemEncoding, path: string): Out | null {
  if (!encoding.own) return lost(encoding, path, `a call of the provider's own tool '${part.name}'`);
  const words = formWords(part.form);
  const [type = ''] = part.form?.split(' ', 1) ?? [];
  const field = askedField(type);
  const isCustom = type === 'custom_tool_call';
  const isMcp = type === 'mcp_call';
  return given({
    type,
    id: valueOf(words, 'id'),
    status: valueOf(words, 'status'),
    call_id: isCustom ? part.id : undefined,
    name: isCustom || (isMcp && part.name !== type) ? part.name : undefined,
    server_label: part.server,
    [field]: askedOf(part, words),
  });
}

/** Pictures an answer holds are told as if they had been made by OpenAI's tool. */
function encodeImage(part: ImagePart, encoding: ItemEncoding, path: string, place: number): Out | null {
  const { source } = part;
  if (source.kind !== 'data' || (!encoding.toCaller && !encoding.own))
    return lost(encoding, path, 'the target has no such images in a turn of the model');
  return given({
    ...headOf('image_generation_call', part, encoding, place),
    result: source.data,
    output_format: source.mediaType?.replace(/^image\//, ''),
  });
}

/** What a tool of the caller's gave. */
export function encodeOutput(part: ToolResultPart, encoding: ItemEncoding, path: string): Out {
  const { own, report } = encoding;
  const type = part.kind === 'custom' ? 'custom_tool_call_output' : 'function_call_output';
  const words: FormWords = own ? formWords(part.form) : {};
  if (part.isError === true) report.add(`${path}.isError`, 'not known to the target; the text is sent as it is');
  const out: Out = { ...headOf(type, part, encoding, 0), call_id: part.callId };
  out['output'] = outputOf(part, words, encoding, path);
  writeExtensions(out, part.extensions, FORMAT);
  reportExtensions(report, part.extensions, FORMAT, path);
  return out;
}

function outputOf(part: ToolResultPart, words: FormWords, encoding: ItemEncoding, path: string): string | Out[] {
  const { own } = encoding;
  const isText = part.content.every(({ type }) => type === 'text' || type === 'json');
  if (own ? words['string'] === true : isText)
    return joinedText(
      part.content.map((one): Part => (one.type === 'json' ? { type: 'text', text: jsonText(one.value) } : one)),
      '\n',
    );
  return part.content.flatMap((one, index): Out[] => {
    const encoded = encodePart(one, 'user', encoding, `${path}.content[${String(index)}]`);
    return encoded === null ? [] : [encoded];
  });
}
