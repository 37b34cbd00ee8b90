import type { FormatId, ReasoningPart, Signature } from '../protocol/index.js';

/**
 * A caller of one dialect keeps what a provider of another wants back in the field its own dialect has for that. So that
 * nobody takes a foreign signature for its own, it travels there in an envelope that says whose it is:
 * `og1:<format>:<s|e>:<id>:<value>`.
 */
const MARK = 'og1:';
/** Formats whose field holds bytes: typed clients decode it and fail on anything but base64, so the envelope is wrapped in it. */
const BYTES: ReadonlySet<FormatId> = new Set(['gemini-generate-content']);
/** What the mark is in base64, whatever follows it. */
const MARK_IN_BYTES = 'b2cxO';
const ENVELOPE = /^og1:([a-z-]+):([se]):([^:]*):([^]*)$/;
const FORMATS: Readonly<Record<FormatId, true>> = {
  'openai-chat': true,
  'openai-responses': true,
  'anthropic-messages': true,
  'gemini-generate-content': true,
  'bedrock-converse': true,
  'cohere-chat': true,
  'ollama-chat': true,
};

export type Sealable = Pick<ReasoningPart, 'signature' | 'encrypted' | 'id'>;

/**
 * What a format writes in the field where it keeps its own signatures: the value itself where it is the format's, else the
 * envelope; `undefined` where there is nothing to keep. The encrypted thought goes before the signature.
 */
export function sealSignature(part: Sealable, format: FormatId): string | undefined {
  const kept = part.encrypted ?? part.signature;
  if (kept === undefined) return undefined;
  if (kept.origin === format) return kept.value;
  const kind = kept === part.encrypted ? 'e' : 's';
  const envelope = `${MARK}${kept.origin}:${kind}:${encodeURIComponent(part.id ?? '')}:${kept.value}`;
  return BYTES.has(format) ? Buffer.from(envelope).toString('base64') : envelope;
}

/** The reverse; a text without envelope is the format's own signature. */
export function openSignature(text: string, format: FormatId): Sealable {
  const envelope = ENVELOPE.exec(unwrapped(text, format));
  const [, origin = '', kind, id = '', value = ''] = envelope ?? [];
  if (envelope === null || !Object.hasOwn(FORMATS, origin)) return { signature: { origin: format, value: text } };
  const signature: Signature = { origin: origin as FormatId, value };
  return { ...(kind === 'e' ? { encrypted: signature } : { signature }), ...(id === '' ? {} : { id: decoded(id) }) };
}

function unwrapped(text: string, format: FormatId): string {
  return BYTES.has(format) && text.startsWith(MARK_IN_BYTES) ? Buffer.from(text, 'base64').toString() : text;
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
