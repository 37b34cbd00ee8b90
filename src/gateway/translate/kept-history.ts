import { type CanonicalRequest, GatewayError } from '../../../libs/protocol/index.js';

const FORMAT = 'openai-responses';
/** Fields of Responses that stand for words OpenAI keeps. */
const KEPT_FIELDS = ['previous_response_id', 'conversation', 'prompt'] as const;
const ADVICE = 'send the whole input (with "store": false, SDKs do)';

/**
 * Refuses what points to words another vendor keeps. To name it as lost would not do: the model would answer a conversation that
 * it has not read.
 * @throws GatewayError `invalid_request` naming the field
 */
export function refuseKeptHistory(request: CanonicalRequest): void {
  const fields = request.extensions?.[FORMAT];
  const field = fields && KEPT_FIELDS.find((name) => (fields[name] ?? null) !== null);
  if (field !== undefined) refuse(field);
  for (const { parts } of request.messages) {
    for (const part of parts) {
      if (part.type === 'opaque' && isReference(part.value)) refuse('input');
    }
  }
}

function isReference(item: unknown): boolean {
  return (item as { type?: unknown } | null)?.type === 'item_reference';
}

function refuse(param: string): never {
  const what = param === 'input' ? 'An item_reference in input' : `'${param}'`;
  const message = `${what} points to what OpenAI keeps, which the provider of this model cannot read: ${ADVICE}.`;
  throw new GatewayError('invalid_request', message, { param });
}
