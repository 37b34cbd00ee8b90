import type { FilePart, LossReport, Part, ReasoningPart, TextPart, ToolCallPart } from '../../protocol/index.js';
import { argumentsObject, given, jsonText, reportExtensions, writeExtensions } from '../fields.js';
import { imageData } from './images.js';
import { FORMAT } from './shapes.js';

export type Out = Record<string, unknown>;

/** Whose words it is in, where it goes, and where losses go. */
export interface Encoding {
  /** Whether it was decoded from this very format: then its own forms are written again. */
  readonly own: boolean;
  /** Whether a caller reads it. */
  readonly toCaller: boolean;
  readonly report: LossReport;
}

/** What a message is made of here. */
export interface Pieces {
  readonly texts: string[];
  readonly thoughts: string[];
  readonly images: string[];
  readonly calls: Out[];
}

export function noPieces(): Pieces {
  return { texts: [], thoughts: [], images: [], calls: [] };
}

/** Adds a part to the message it is in; what has no place is reported. */
export function addPart(pieces: Pieces, part: Part, encoding: Encoding, path: string): void {
  const { report } = encoding;
  reportExtensions(report, part.extensions, FORMAT, path);
  if (part.cache !== undefined) report.add(`${path}.cache`, 'the target has no cache breakpoints');
  switch (part.type) {
    case 'text':
      addText(pieces, part, encoding, path);
      break;
    case 'refusal':
      report.add(path, 'a refusal is told as text');
      pieces.texts.push(part.text);
      break;
    case 'json':
      pieces.texts.push(jsonText(part.value));
      break;
    case 'reasoning':
      addThought(pieces, part, encoding, path);
      break;
    case 'tool-call':
      pieces.calls.push(encodeToolCall(part, encoding, path, pieces.calls.length));
      break;
    default:
      addOther(pieces, part, encoding, path);
  }
}

function addOther(pieces: Pieces, part: Part, { report }: Encoding, path: string): void {
  if (part.type === 'image') {
    const data = part.source.kind === 'url' && part.form === 'url' ? part.source.url : imageData(part.source);
    if (data === null) report.add(path, 'the target takes images by data only');
    else pieces.images.push(data);
    if (part.detail !== undefined) report.add(`${path}.detail`, 'not known to the target');
    if (part.signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
  } else if (part.type === 'file') {
    addFile(pieces, part, report, path);
  } else {
    report.add(path, reasonOf(part));
  }
}

function reasonOf(part: Part): string {
  if (part.type === 'opaque') return `a part only ${part.format} knows`;
  return part.type.startsWith('builtin')
    ? "the provider's own tools are not known to the target"
    : `no ${part.type} parts in the target`;
}

function addText(pieces: Pieces, part: TextPart, { own, report }: Encoding, path: string): void {
  if (!own && pieces.calls.length > 0) report.add(path, 'said before the calls it followed');
  if (part.signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
  if ((part.citations?.length ?? 0) > 0) report.add(`${path}.citations`, 'not known to the target');
  if (part.text !== '') pieces.texts.push(part.text);
}

/** Thoughts are words here, without proof; what is encrypted cannot be told. */
function addThought(pieces: Pieces, part: ReasoningPart, { own, report }: Encoding, path: string): void {
  if (part.encrypted !== undefined) report.add(`${path}.encrypted`, 'no place in the target');
  if (part.signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
  const words = part.text === '' ? (part.summary?.join('\n\n') ?? '') : part.text;
  if (own || words !== '') pieces.thoughts.push(words);
}

function addFile(pieces: Pieces, { source, context }: FilePart, report: LossReport, path: string): void {
  const text = textIn(source);
  if (text === undefined) {
    report.add(path, 'the target takes documents as text only');
    return;
  }
  report.add(path, 'the document is sent as text');
  if (context !== undefined) report.add(`${path}.context`, 'not known to the target');
  pieces.texts.push(text);
}

/** Texts as they are, texts in base64 read. */
function textIn(source: FilePart['source']): string | undefined {
  if (source.kind === 'text') return source.text;
  if (source.kind === 'data' && source.mediaType?.startsWith('text/') === true)
    return Buffer.from(source.data, 'base64').toString('utf8');
  if (source.kind !== 'parts') return undefined;
  const texts = source.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  return texts.length === 0 ? undefined : texts.join('\n');
}

/** @param nth which call of the message it is */
export function encodeToolCall(part: ToolCallPart, encoding: Encoding, path: string, nth: number): Out {
  const { own, toCaller, report } = encoding;
  if (part.signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
  const out = own ? ownCall(part, encoding, path) : callOf(part, encoding, path, toCaller ? nth : undefined);
  writeExtensions(out, part.extensions, FORMAT);
  return out;
}

function callOf(part: ToolCallPart, { report }: Encoding, path: string, index: number | undefined): Out {
  const { id, name, kind } = part;
  const given_ = kind === 'custom' ? { input: part.arguments } : argumentsObject(part.arguments, report, path);
  return { id, function: given({ index, name, arguments: given_ }) };
}

/** As it was, by the words of its form. */
function ownCall(part: ToolCallPart, { report }: Encoding, path: string): Out {
  const forms = part.form?.split(' ') ?? [];
  const valueOf = (name: string): string | undefined =>
    forms.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  const index = valueOf('index');
  const type = valueOf('type');
  return given({
    id: forms.includes('no-id') ? undefined : forms.includes('empty-id') ? '' : part.id,
    type: type === undefined ? undefined : decodeURIComponent(type),
    function: given({
      index: index === undefined ? undefined : Number(index),
      name: part.name,
      arguments: ownArguments(part, forms, report, path),
    }),
  });
}

function ownArguments(part: ToolCallPart, forms: readonly string[], report: LossReport, path: string): unknown {
  if (forms.includes('no-arguments')) return undefined;
  if (forms.includes('text-arguments')) return part.arguments;
  try {
    return JSON.parse(part.arguments);
  } catch {
    return argumentsObject(part.arguments, report, path);
  }
}
