import type {
  Citation,
  ImagePart,
  LossReport,
  Part,
  ReasoningPart,
  TextPart,
  ToolCallPart,
} from '../../protocol/index.js';
import { given, jsonText, reportExtensions, writeExtensions } from '../fields.js';
import { urlOf } from '../media.js';
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

export function lost({ report }: Encoding, path: string, reason: string): null {
  report.add(path, reason);
  return null;
}

/** A part of content, `null` where the format has none for it; the loss is reported. */
export function encodePart(part: Part, encoding: Encoding, path: string): Out | null {
  const out = encodeKnown(part, encoding, path);
  if (out === null) return null;
  if (part.cache !== undefined) encoding.report.add(`${path}.cache`, 'the target has no cache breakpoints');
  if (part.type !== 'opaque') writeExtensions(out, part.extensions, FORMAT);
  reportExtensions(encoding.report, part.extensions, FORMAT, path);
  return out;
}

function encodeKnown(part: Part, encoding: Encoding, path: string): Out | null {
  switch (part.type) {
    case 'text':
      return encodeText(part, encoding, path);
    case 'image':
      return encodeImage(part, encoding, path);
    case 'reasoning':
      return encodeReasoning(part, encoding, path);
    case 'json':
      return part.form === 'document' && encoding.own
        ? { type: 'document', document: { data: part.value } }
        : { type: 'text', text: jsonText(part.value) };
    case 'refusal':
      encoding.report.add(path, 'a refusal is told as text');
      return { type: 'text', text: part.text };
    case 'opaque':
      return part.format === FORMAT ? (part.value as Out) : lost(encoding, path, `a part only ${part.format} knows`);
    default:
      return lost(encoding, path, reasonOf(part));
  }
}

function reasonOf(part: Part): string {
  return part.type.startsWith('builtin')
    ? "the provider's own tools are not known to the target"
    : `no ${part.type} parts in the target`;
}

function encodeText(part: TextPart, { own, toCaller, report }: Encoding, path: string): Out {
  if (part.signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
  if (!own && !toCaller && (part.citations?.length ?? 0) > 0)
    report.add(`${path}.citations`, 'the target takes back only citations of its own');
  if (own && part.form === 'document') return { type: 'document', document: { data: part.text } };
  return { type: 'text', text: part.text };
}

function encodeImage(part: ImagePart, encoding: Encoding, path: string): Out | null {
  const url = urlOf(part.source, 'image/png');
  if (url === null || (!encoding.own && !/^(?:https?|data):/i.test(url)))
    return lost(encoding, path, 'the target takes images by http URL or data only');
  if (part.signature !== undefined) encoding.report.add(`${path}.signature`, 'no place in the target');
  const detail = encoding.own || isDetail(part.detail) ? part.detail : undefined;
  if (part.detail !== detail) encoding.report.add(`${path}.detail`, 'not known to the target');
  return { type: 'image_url', image_url: given({ url, detail }) };
}

function isDetail(detail: string | undefined): boolean {
  return detail === 'auto' || detail === 'low' || detail === 'high';
}

/** Thoughts are words here, without proof; what is encrypted cannot be told. */
function encodeReasoning(part: ReasoningPart, encoding: Encoding, path: string): Out | null {
  const { own, toCaller } = encoding;
  const words = wordsOf(part);
  if (!own && !toCaller && words !== '') return lost(encoding, path, 'reasoning of earlier turns is not sent');
  reportProofs(part, encoding, path);
  return own || words !== '' ? { type: 'thinking', thinking: words } : null;
}

/** The words of a thought, or of its summary. */
export function wordsOf({ text, summary }: ReasoningPart): string {
  return text === '' ? (summary?.join('\n\n') ?? '') : text;
}

export function reportProofs({ encrypted, signature }: ReasoningPart, { report }: Encoding, path: string): void {
  if (encrypted !== undefined) report.add(`${path}.encrypted`, 'no place in the target');
  if (signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
}

export function encodeToolCall(part: ToolCallPart, { own, report }: Encoding, path: string): Out {
  const forms = own ? (part.form?.split(' ') ?? []) : [];
  if (part.signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
  if (part.cache !== undefined) report.add(`${path}.cache`, 'the target has no cache breakpoints');
  const text = part.kind === 'custom' ? JSON.stringify({ input: part.arguments }) : part.arguments;
  const out = given({
    id: forms.includes('no-id') ? undefined : part.id,
    type: forms.includes('no-type') ? undefined : 'function',
    function: given({
      name: part.name,
      arguments: forms.includes('no-arguments') ? undefined : argumentsOf(text, own),
    }),
  });
  writeExtensions(out, part.extensions, FORMAT);
  reportExtensions(report, part.extensions, FORMAT, path);
  return out;
}

/** The API refuses calls without arguments. */
function argumentsOf(text: string, own: boolean): string {
  return !own && text.trim() === '' ? '{}' : text;
}

/**
 * A citation as Cohere wrote it, else a document with what is known of it.
 * @param contentIndex which piece of the content it stands in
 */
export function encodeCitation(citation: Citation, contentIndex: number, text: string): Out | null {
  if (citation.raw?.format === FORMAT) return { ...citation.raw.value };
  const document = citedDocument(citation);
  if (document === null) return null;
  const { start = 0, end = text.length } = citation;
  return {
    start,
    end,
    text: text.slice(start, end),
    sources: [{ type: 'document', id: document['id'], document }],
    type: 'TEXT_CONTENT',
    content_index: contentIndex,
  };
}

function citedDocument({ url, title, quote, fileId }: Citation): Out | null {
  if ((url ?? title ?? quote) === undefined) return null;
  return given({ id: fileId ?? url ?? title ?? '', title, text: quote, url });
}
