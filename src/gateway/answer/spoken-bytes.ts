import type { CanonicalAnswer, Part } from '../../../libs/protocol/index.js';

/** Bytes of what a model said, thought and asked of tools: what is counted where a provider reports no usage. */
export function spokenBytes({ choices }: CanonicalAnswer): number {
  return choices.reduce((sum, { parts }) => sum + parts.reduce((bytes, part) => bytes + bytesOf(part), 0), 0);
}

function bytesOf(part: Part): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return Buffer.byteLength(part.text);
    case 'tool-call':
      return Buffer.byteLength(part.name) + Buffer.byteLength(part.arguments);
    default:
      return 0;
  }
}
