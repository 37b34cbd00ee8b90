import type { ReasoningPart } from '../../protocol/index.js';
import { given } from '../fields.js';
import { sealSignature } from '../signature-envelope.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** As DeepSeek and OpenRouter do: the words in one field, what proves them in another. */
export function writeReasoning(out: Out, reasoning: readonly ReasoningPart[]): void {
  const text = reasoning
    .map(wordsOf)
    .filter((words) => words !== '')
    .join('\n\n');
  if (text !== '') out['reasoning_content'] = text;
  if (!reasoning.some(({ signature, encrypted }) => signature !== undefined || encrypted !== undefined)) return;
  out['reasoning_details'] = reasoning.flatMap(detailsOf);
}

function wordsOf({ text, summary }: ReasoningPart): string {
  return text === '' ? (summary?.join('\n\n') ?? '') : text;
}

const SIGNERS: Readonly<Partial<Record<string, string>>> = {
  'anthropic-messages': 'anthropic-claude-v1',
  'openai-responses': 'openai-responses-v1',
  'gemini-generate-content': 'google-gemini-v1',
};

function detailsOf(part: ReasoningPart, index: number): Out[] {
  const { id, signature, encrypted } = part;
  const signer = SIGNERS[(signature ?? encrypted)?.origin ?? ''];
  const words = wordsOf(part);
  const out: Out[] = [];
  if (words !== '' || signature !== undefined) {
    const text = part.text === '' && part.summary !== undefined;
    const named = text ? { type: 'reasoning.summary', summary: words } : { type: 'reasoning.text', text: words };
    out.push(given({ ...named, signature: signatureText(part, signer), id, format: signer, index }));
  }
  if (encrypted !== undefined)
    out.push(given({ type: 'reasoning.encrypted', data: encrypted.value, id, format: signer, index }));
  return out;
}

function signatureText({ signature }: ReasoningPart, signer: string | undefined): string | undefined {
  return signer === undefined ? sealSignature({ signature }, FORMAT) : signature?.value;
}

/** The details of a stream that add to its words what proves them. */
export function sealedDetails(part: Pick<ReasoningPart, 'signature' | 'encrypted'>): Out[] {
  const details = detailsOf({ type: 'reasoning', text: '', ...part }, 0);
  return details.map((detail) => (detail['text'] === '' ? { ...detail, text: undefined } : detail));
}
