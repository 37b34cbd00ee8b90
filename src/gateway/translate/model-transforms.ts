import type { CanonicalRequest, Message } from '../../../libs/protocol/index.js';
import { OPENAI_CHAT } from '../../../libs/wire/index.js';
import type { ModelEntry } from '../../registry/snapshot.js';

/** Default parameters are written in the words of Chat Completions; what they say, by the object they are. */
const defaults = new WeakMap<object, CanonicalRequest>();

function defaultsOf({ defaultParams }: ModelEntry): CanonicalRequest {
  let known = defaults.get(defaultParams);
  if (known === undefined) {
    const messages = [{ role: 'user', content: '-' }];
    known = OPENAI_CHAT.decodeRequest({ ...defaultParams, model: 'defaults', messages });
    defaults.set(defaultParams, known);
  }
  return known;
}

/**
 * What a registered model changes in a call, in this order: default parameters where the caller says nothing, the override of
 * reasoning, the prefix of the instructions. The name is changed where the request is encoded.
 */
export function transformed(request: CanonicalRequest, model: ModelEntry): CanonicalRequest {
  const prefixed = model.systemPrefix === null ? request : withPrefix(request, model.systemPrefix);
  const filled = Object.keys(model.defaultParams).length === 0 ? prefixed : withDefaults(prefixed, defaultsOf(model));
  if (model.enableThinking === null) return filled;
  return { ...filled, reasoning: { ...filled.reasoning, enabled: model.enableThinking } };
}

function withDefaults(request: CanonicalRequest, given: CanonicalRequest): CanonicalRequest {
  const own = Object.entries(request).filter(([, value]) => value !== undefined);
  const chat = { ...given.extensions?.['openai-chat'], ...request.extensions?.['openai-chat'] };
  return {
    ...given,
    source: undefined,
    extensions: undefined,
    ...(Object.fromEntries(own) as unknown as CanonicalRequest),
    generation: { ...given.generation, ...request.generation },
    ...(Object.keys(chat).length > 0 && { extensions: { ...request.extensions, 'openai-chat': chat } }),
  };
}

/** Before the first instructions, as text of their own; a call without any gets them. */
function withPrefix(request: CanonicalRequest, prefix: string): CanonicalRequest {
  const text = { type: 'text' as const, text: prefix };
  const [first, ...others] = request.messages;
  if (first !== undefined && (first.role === 'system' || first.role === 'developer')) {
    return { ...request, messages: [{ ...first, form: undefined, parts: [text, ...first.parts] }, ...others] };
  }
  const instructions: Message = { role: 'system', parts: [text] };
  return { ...request, messages: [instructions, ...request.messages] };
}
