import type { AudioPart, LossReport, Message, Part, ToolCallPart, ToolResultPart } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { isInstruction, joinedText } from '../instructions.js';
import type { TargetTraits } from '../wire-format.js';
import { reasoningText } from './decode-messages.js';
import { encodePart, type Encoding } from './encode-parts.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

export interface MessageEncoding extends Encoding {
  readonly traits: TargetTraits;
}

/** The messages of a request, results of tools in messages of their own. */
export function encodeMessages(messages: readonly Message[], encoding: MessageEncoding): Out[] {
  const out: Out[] = [];
  messages.forEach((message, index) => {
    const path = `messages[${String(index)}]`;
    const before = out.length;
    if (message.role === 'assistant') out.push(...encodeAssistant(message, encoding, path));
    else encodeOthers(message, encoding, path, out);
    const first = out[before];
    if (first !== undefined) writeExtensions(first, message.extensions, FORMAT);
    reportExtensions(encoding.report, message.extensions, FORMAT, path);
    reportRole(message, encoding, path);
    if (message.id !== undefined) encoding.report.add(`${path}.id`, 'not known to the target');
  });
  return out;
}

/** To the API itself both are the same; many servers of its format know only `system`. */
function reportRole({ role }: Message, { own, traits, report }: MessageEncoding, path: string): void {
  if (role !== 'developer' || traits.instructionRole === 'developer') return;
  if (!own || traits.instructionRole === 'system') report.add(`${path}.role`, "'developer' is told as 'system'");
}

/** Instructions, what a user says, and the results of tools, which may stand between. */
function encodeOthers(message: Message, encoding: MessageEncoding, path: string, out: Out[]): void {
  const moved: Out[] = [];
  const rest: Placed[] = [];
  let sawOther = false;
  message.parts.forEach((part, index) => {
    if (part.type !== 'tool-result') {
      sawOther = true;
      rest.push([part, index]);
      return;
    }
    const at = `${path}.parts[${String(index)}]`;
    if (sawOther) encoding.report.add(at, 'moved before what was said in the same message');
    out.push(encodeResult(part, message, encoding, { path: at, moved }));
  });
  if (rest.length === 0 && moved.length === 0 && message.parts.length > 0) return;
  const content = encodeContent(rest, message, encoding, path);
  if (moved.length > 0) {
    const said: Out[] = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
    out.push({ role: 'user', content: [...moved, ...said] });
  } else if (content !== undefined || encoding.own) {
    out.push(withContent({ role: roleOf(message, encoding), ...nameOf(message) }, content));
  }
}

function withContent(out: Out, content: string | Out[] | undefined): Out {
  if (content !== undefined) out['content'] = content;
  return out;
}

function nameOf({ name }: Message): Out {
  return name === undefined ? {} : { name };
}

function roleOf(message: Message, { own, traits }: MessageEncoding): string {
  if (message.role === 'tool') return 'user';
  if (!isInstruction(message)) return message.role;
  return traits.instructionRole ?? (own ? message.role : 'system');
}

type Placed = readonly [part: Part, index: number];

/**
 * Content as it was written where it comes from this format; else a bare string where that says the same, because many
 * servers of this format know lists only from users. `undefined`: there is none.
 */
function encodeContent(
  parts: readonly Placed[],
  message: Message,
  encoding: MessageEncoding,
  path: string,
): string | Out[] | undefined {
  const form = encoding.own ? message.form?.split(' ', 1)[0] : undefined;
  const list = parts.flatMap(([part, index]): Out[] => {
    if (form === undefined && part.type === 'text' && part.text === '') return [];
    const encoded = encodePart(part, encoding, `${path}.parts[${String(index)}]`);
    return encoded === null ? [] : [encoded];
  });
  if (form === 'string' && list.length === 1) return list[0]!['text'] as string;
  if (list.length === 0) return form === 'list' ? [] : undefined;
  if (form === 'list' || !isBare(list, message)) return list;
  // Instructions are paragraphs; an assistant's texts were cut where citations stand.
  return list.map((part) => part['text'] as string).join(isInstruction(message) ? '\n\n' : '');
}

function isBare(list: readonly Out[], message: Message): boolean {
  if (list.some((part) => part['type'] !== 'text' || part['cache_control'] !== undefined)) return false;
  return list.length === 1 || message.role !== 'user';
}

interface ResultPlace {
  readonly path: string;
  /** Takes what cannot stand in a result. */
  readonly moved: Out[];
}

function encodeResult(part: ToolResultPart, message: Message, encoding: MessageEncoding, place: ResultPlace): Out {
  const { own, report } = encoding;
  const { path } = place;
  if (part.isError === true) report.add(`${path}.isError`, 'not known to the target; the text is sent as it is');
  if (part.cache !== undefined && !own) report.add(`${path}.cache`, 'the target has no cache breakpoints');
  reportExtensions(report, part.extensions, FORMAT, path);
  const content = resultContent(part, encoding, place);
  if (own && message.form === 'function') return withContent({ role: 'function', name: part.name }, content);
  const named = own && part.name !== undefined ? { name: part.name } : {};
  return withContent({ role: 'tool', tool_call_id: part.callId, ...named }, content);
}

function resultContent(
  part: ToolResultPart,
  encoding: MessageEncoding,
  { path, moved }: ResultPlace,
): string | Out[] | undefined {
  const { own, report } = encoding;
  if (own && part.form === 'string') return joinedText(part.content, '');
  if (own && part.content.length === 0) return undefined;
  const texts: Out[] = [];
  part.content.forEach((one, index) => {
    const at = `${path}.content[${String(index)}]`;
    const encoded = encodePart(one, encoding, at);
    if (encoded === null) return;
    if (own || encoded['type'] === 'text') texts.push(encoded);
    else {
      report.add(at, 'moved from the result of the tool into a message of the user');
      moved.push(encoded);
    }
  });
  return own ? texts : texts.map((one) => one['text'] as string).join('\n');
}

export function encodeAssistant(message: Message, encoding: MessageEncoding, path: string): Out[] {
  const out: Out = { role: 'assistant', ...nameOf(message) };
  const said: Placed[] = [];
  const reasoning: Placed[] = [];
  message.parts.forEach((part, index) => {
    if (!encoding.own && part.type === 'text' && out['tool_calls'] !== undefined)
      encoding.report.add(`${path}.parts[${String(index)}]`, 'said before the calls it followed');
    if (isReasoning(part)) reasoning.push([part, index]);
    else if (encoding.own && part.type === 'json') out['content'] = part.value;
    else if (!writeField(out, part, encoding, `${path}.parts[${String(index)}]`)) said.push([part, index]);
  });
  const content = encodeContent(said, message, encoding, path);
  if (content !== undefined) out['content'] = content;
  if (encoding.own) {
    writeOwnReasoning(out, reasoning, message);
    return [out];
  }
  writeReasoning(out, reasoning, encoding, path);
  if (!SAYING.some((field) => out[field] !== undefined)) return [];
  out['content'] ??= null;
  return [out];
}

/** Fields without one of which an assistant has said nothing. */
const SAYING = ['content', 'tool_calls', 'refusal', 'audio', 'images'] as const;

/** Parts with a field of their own beside the content. */
function writeField(out: Out, part: Part, encoding: MessageEncoding, path: string): boolean {
  if (part.type === 'tool-call') append(out, 'tool_calls', encodeToolCall(part, encoding, path));
  else if (part.type === 'refusal' && part.form !== 'part') out['refusal'] = part.text;
  else if (part.type === 'audio' && part.form === 'audio') out['audio'] = encodeSpokenAudio(part);
  else if (part.type === 'image' && part.form === 'images') append(out, 'images', encodePart(part, encoding, path));
  else return false;
  return true;
}

function append(out: Out, name: string, value: Out | null): void {
  const list = (out[name] ??= []) as unknown[];
  if (value !== null) list.push(value);
}

function isReasoning(part: Part): boolean {
  if (part.type === 'reasoning') return part.form !== 'thinking';
  return part.type === 'opaque' && part.form === 'reasoning_details';
}

/** Reasoning goes where the provider wants it; else it is lost. */
function writeReasoning(
  out: Out,
  reasoning: readonly Placed[],
  { report, traits }: MessageEncoding,
  path: string,
): void {
  if (reasoning.length === 0) return;
  const field = traits.reasoningField ?? null;
  if (field !== null) out[field] = reasoningText(reasoning.map(([part]) => part));
  for (const [part, index] of reasoning) {
    const at = `${path}.parts[${String(index)}]`;
    if (field === null) reportReasoning(report, part, at);
    else if (part.type === 'reasoning' && part.signature !== undefined)
      report.add(`${at}.signature`, 'not known to the target');
  }
}

/** An empty thought without a signature says nothing. */
function reportReasoning(report: LossReport, part: Part, path: string): void {
  if (part.type === 'reasoning' && part.text === '' && part.encrypted === undefined && part.summary === undefined)
    return;
  report.add(path, 'reasoning of earlier turns is not known to the target');
}

function writeOwnReasoning(out: Out, reasoning: readonly Placed[], message: Message): void {
  const parts = reasoning.map(([part]) => part);
  for (const part of parts) {
    if (part.form?.startsWith('details|') === true || part.type === 'opaque')
      append(out, 'reasoning_details', detailOf(part));
    else if (part.type === 'reasoning') out[part.form === 'reasoning' ? 'reasoning' : 'reasoning_content'] = part.text;
  }
  for (const field of message.form?.split(' ').slice(1) ?? []) out[field] = reasoningText(parts);
}

/** An entry of `reasoning_details` as it came. */
function detailOf(part: Part): Out {
  if (part.type !== 'reasoning') return (part as { value?: unknown }).value as Out;
  const { id, text, summary, signature, encrypted } = part;
  const [, signer, type, index] = part.form?.split('|') ?? [];
  const out = given({
    type: unlessEmpty(type),
    format: unlessEmpty(signer),
    id,
    summary: summary?.join(''),
    signature: signature?.value,
    data: encrypted?.value,
    text: unlessEmpty(text),
    index: index === undefined || index === '' ? undefined : Number(index),
  });
  writeExtensions(out, part.extensions, FORMAT);
  return out;
}

function unlessEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function encodeSpokenAudio(part: AudioPart): Out {
  const out: Out = { ...(part.id === undefined ? {} : { id: part.id }) };
  if (part.source.kind === 'data') out['data'] = part.source.data;
  if (part.transcript !== undefined) out['transcript'] = part.transcript;
  writeExtensions(out, part.extensions, FORMAT);
  return out;
}

export function encodeToolCall(part: ToolCallPart, { own, report }: Encoding, path: string): Out {
  const forms = own ? (part.form?.split(' ') ?? []) : [];
  const text: unknown = forms.includes('object') ? JSON.parse(part.arguments) : part.arguments;
  const out: Out = {
    ...(forms.includes('no-id') ? {} : { id: part.id }),
    ...indexIn(forms),
    ...(part.kind === 'custom'
      ? { type: 'custom', custom: { name: part.name, input: text } }
      : { type: 'function', function: { name: part.name, arguments: text } }),
  };
  writeSignature(out, part, report, path);
  writeExtensions(out, part.extensions, FORMAT);
  reportExtensions(report, part.extensions, FORMAT, path);
  if (part.cache !== undefined) report.add(`${path}.cache`, 'the target has no cache breakpoints');
  return out;
}

function indexIn(forms: readonly string[]): Out {
  const form = forms.find((one) => one.startsWith('index='));
  return form === undefined ? {} : { index: Number(form.slice(6)) };
}

/** Google's OpenAI-compatible surface reads the signature of a call here; others pass over it. */
function writeSignature(out: Out, { signature }: ToolCallPart, report: LossReport, path: string): void {
  if (signature === undefined) return;
  if (signature.origin === 'gemini-generate-content') {
    out['extra_content'] = { google: { thought_signature: signature.value } };
  } else {
    report.add(`${path}.signature`, `a signature only ${signature.origin} reads`);
  }
}
