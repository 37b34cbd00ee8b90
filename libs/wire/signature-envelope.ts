import type { FormatId, ReasoningPart, Signature } from '../protocol/index.js';

/**
 * A caller of one dialect keeps what a provider of another wants back in the field its own dialect has for that. So that
 * nobody takes a foreign signature for its own, it travels there in an envelope that says whose it is:
 * `og1:<format>:<s|e>:<id>:<value>`.
 */
const MARK = 'og1:';
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
  return `${MARK}${kept.origin}:${kind}:${encodeURIComponent(part.id ?? '')}:${kept.value}`;
}

/** The reverse; a text without envelope is the format's own signature. */
export function openSignature(text: string, format: FormatId): Sealable {
  const envelope = text.startsWith(MARK) ? ENVELOPE.exec(text) : null;
  const [, origin = '', kind, id = '', value = ''] = envelope ?? [];
  if (envelope === null || !Object.hasOwn(FORMATS, origin)) return { signature: { origin: format, value: text } };
  const signature: Signature = { origin: origin as FormatId, value };
  return { ...(kind === 'e' ? { encrypted: signature } : { signature }), ...(id === '' ? {} : { id: decoded(id) }) };
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
