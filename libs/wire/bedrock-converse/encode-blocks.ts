import { createHash } from 'node:crypto';
import type {
  BuiltinCallPart,
  BuiltinResultPart,
  CacheBreakpoint,
  Citation,
  Part,
  PartType,
  ReasoningPart,
  Signature,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '../../protocol/index.js';
import { argumentsObject, given, isFields, jsonText, reportExtensions, writeExtensions } from '../fields.js';
import { sealSignature } from '../signature-envelope.js';
import { SERVER_TOOL_USE } from './decode-blocks.js';
import { encodeAudio, encodeFile, encodeImage, encodeVideo } from './encode-media.js';
import { type Encoding, lost, type Out } from './encoding.js';
import { hasPromptCache } from './model-family.js';
import { FORMAT } from './shapes.js';

type Encoder<T extends Part = Part> = (part: T, encoding: Encoding, path: string) => Out | null;

const ENCODERS: { readonly [T in PartType]: Encoder<Extract<Part, { type: T }>> } = {
  text: encodeText,
  image: encodeImage,
  audio: encodeAudio,
  video: encodeVideo,
  file: (part, encoding, path) => encodeFile(part, encoding, path, (parts, at) => encodeBlocks(parts, encoding, at)),
  json: (part, { own }) => (own ? { json: part.value } : { text: jsonText(part.value) }),
  'tool-call': encodeToolUse,
  'tool-result': encodeToolResult,
  reasoning: encodeReasoning,
  refusal: (part, { report }, path) => {
    report.add(path, 'a refusal is told as text');
    return part.text.trim() === '' ? null : { text: part.text };
  },
  'builtin-call': encodeServerUse,
  'builtin-result': encodeServerResult,
  opaque: (part, encoding, path) =>
    part.format === FORMAT ? (part.value as Out) : lost(encoding, path, `a part only ${part.format} knows`),
};

/** A block, `null` where the format has none for the part; the loss is reported. */
export function encodeBlock(part: Part, encoding: Encoding, path: string): Out | null {
  const out = (ENCODERS[part.type] as Encoder)(part, encoding, path);
  if (out === null) return null;
  if (part.type !== 'opaque') writeExtensions(out, part.extensions, FORMAT);
  reportExtensions(encoding.report, part.extensions, FORMAT, path);
  return out;
}

/** Blocks of a list, each followed by its cache point; those left out that the format has not. */
export function encodeBlocks(parts: readonly Part[], encoding: Encoding, path: string): Out[] {
  const out: Out[] = [];
  parts.forEach((part, index) => {
    const at = `${path}.parts[${String(index)}]`;
    const block = encodeBlock(part, encoding, at);
    if (block !== null) out.push(block);
    if (part.cache !== undefined) pushCachePoint(out, part.cache, encoding, `${at}.cache`);
  });
  return out;
}

/** A cache point goes behind what it ends; with nothing before it, it says nothing. */
export function pushCachePoint(out: Out[], cache: CacheBreakpoint, encoding: Encoding, path: string): void {
  const { own, report } = encoding;
  if (!own && !hasPromptCache(encoding.family)) {
    report.add(path, 'the model has no cache points');
    return;
  }
  if (out.length === 0) return;
  // Five minutes is what the service does by itself.
  const point = given({ type: 'default', ttl: own || cache.ttl === '1h' ? cache.ttl : undefined });
  if (!own && cache.ttl !== undefined && cache.ttl !== '5m' && cache.ttl !== '1h')
    report.add(`${path}.ttl`, 'not known to the target');
  writeExtensions(point, cache.extensions, FORMAT);
  reportExtensions(report, cache.extensions, FORMAT, path);
  out.push({ cachePoint: point });
}

/** Texts without a word are refused. */
function encodeText(part: TextPart, encoding: Encoding, path: string): Out | null {
  const { own, toCaller, report } = encoding;
  if (part.signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
  if (own && part.form === 'guardContent') return { guardContent: { text: { text: part.text } } };
  if (!own && !toCaller && part.text.trim() === '') return null;
  if (part.citations === undefined) return { text: part.text };
  const citations = part.citations.flatMap((citation, index) => {
    const encoded = encodeCitation(citation, toCaller);
    if (encoded === null) report.add(`${path}.citations[${String(index)}]`, 'the target cannot cite this');
    return encoded === null ? [] : [encoded];
  });
  if (!own && citations.length === 0) return { text: part.text };
  return { citationsContent: { content: pieces(part, own).map((text) => ({ text })), citations } };
}

/** The text as its own format had cut it. */
function pieces({ text, form }: TextPart, own: boolean): string[] {
  const lengths = own && form?.startsWith('citationsContent ') === true ? form.slice(17) : undefined;
  if (lengths === undefined) return [text];
  let start = 0;
  return lengths === '' ? [] : lengths.split(',').map((length) => text.slice(start, (start += Number(length))));
}

/** A provider is told only citations it made; a caller is shown any address. */
export function encodeCitation(citation: Citation, toCaller: boolean): Out | null {
  if (citation.raw?.format === FORMAT) return { ...citation.raw.value };
  if (!toCaller || citation.url === undefined) return null;
  const { url, title, quote } = citation;
  return given({
    title,
    sourceContent: quote === undefined ? undefined : [{ text: quote }],
    location: { web: { url } },
  });
}

/** What the service takes as an id. */
const MAX_ID = 64;

/** Others are refused; calls and results are changed alike. */
function idOf(id: string, { own }: Encoding): string {
  if (own) return id;
  const plain = id.replace(/[^a-zA-Z0-9_-]/g, '_');
  if (plain !== '' && plain.length <= MAX_ID) return plain;
  return createHash('sha256').update(id).digest('hex').slice(0, MAX_ID);
}

function encodeToolUse(part: ToolCallPart, encoding: Encoding, path: string): Out {
  const { own, report } = encoding;
  if (part.signature !== undefined) report.add(`${path}.signature`, 'no place in the target');
  const input =
    part.kind === 'custom'
      ? { input: part.arguments }
      : own
        ? ownInput(part.arguments)
        : argumentsObject(part.arguments, report, `${path}.arguments`);
  return {
    toolUse: given({ toolUseId: idOf(part.id, encoding), name: part.name, input, type: own ? part.form : undefined }),
  };
}

/** Any value it was; `undefined` where there was none. */
export function ownInput(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text);
}

function encodeToolResult(part: ToolResultPart, encoding: Encoding, path: string): Out {
  const status = part.isError === undefined ? undefined : part.isError ? 'error' : 'success';
  return {
    toolResult: given({
      toolUseId: idOf(part.callId, encoding),
      content: encoding.own
        ? encodeBlocks(part.content, encoding, `${path}.content`)
        : resultContent(part, encoding, path),
      // Only some models know it, so it is told only where it says something.
      status: encoding.own || part.isError === true ? status : undefined,
    }),
  };
}

/** Objects go as they are; other JSON as text. */
function resultContent(part: ToolResultPart, encoding: Encoding, path: string): Out[] {
  return part.content.flatMap((one, index): Out[] => {
    if (one.type === 'json' && isFields(one.value)) return [{ json: one.value }];
    const block = encodeBlock(one, encoding, `${path}.content[${String(index)}]`);
    return block === null ? [] : [block];
  });
}

/**
 * A provider takes back only what it signed itself. Signatures of Claude hold wherever it runs.
 * @see https://platform.claude.com/docs/en/build-with-claude/extended-thinking
 */
function encodeReasoning(part: ReasoningPart, encoding: Encoding, path: string): Out | null {
  const { own, toCaller } = encoding;
  const { redacted, encrypted, signature, text, summary } = part;
  if (!own && !toCaller) return encodeEarlierReasoning(part, encoding, path);
  if (redacted === true && encrypted?.origin === FORMAT && signature === undefined)
    return { reasoningContent: { redactedContent: encrypted.value } };
  const words = text === '' ? (summary?.join('\n\n') ?? '') : text;
  return { reasoningContent: { reasoningText: given({ text: words, signature: sealSignature(part, FORMAT) }) } };
}

function encodeEarlierReasoning(part: ReasoningPart, encoding: Encoding, path: string): Out | null {
  const { encrypted, signature, text, summary } = part;
  const kept = encrypted ?? signature;
  if (kept === undefined || !isReadable(kept, encoding)) {
    if (text === '' && summary === undefined && encrypted === undefined) return null;
    return lost(encoding, path, 'the target takes back only reasoning that it has signed');
  }
  if (encrypted !== undefined) return { reasoningContent: { redactedContent: encrypted.value } };
  return { reasoningContent: { reasoningText: { text, signature: kept.value } } };
}

function isReadable({ origin }: Signature, { family }: Encoding): boolean {
  return origin === FORMAT || (origin === 'anthropic-messages' && family === 'claude');
}

function encodeServerUse(part: BuiltinCallPart, encoding: Encoding, path: string): Out | null {
  if (!encoding.own) return lost(encoding, path, "the provider's own tools are not known to the target");
  const { id, name, form } = part;
  return { toolUse: given({ toolUseId: id, name, input: ownInput(part.arguments), type: form ?? SERVER_TOOL_USE }) };
}

function encodeServerResult(part: BuiltinResultPart, encoding: Encoding, path: string): Out | null {
  if (part.format !== FORMAT) return lost(encoding, path, "the provider's own tools are not known to the target");
  const status = part.isError === undefined ? undefined : part.isError ? 'error' : 'success';
  return { toolResult: given({ toolUseId: part.callId, content: part.value, status, type: part.form }) };
}
