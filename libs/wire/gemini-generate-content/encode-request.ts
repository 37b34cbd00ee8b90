import type { CanonicalRequest, Message } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { dropPromptCache } from '../prompt-cache.js';
import { reportRequestFields } from '../request-losses.js';
import type { EncodedRequest, EncodeRequestContext } from '../wire-format.js';
import { encodeConfig } from './encode-config.js';
import { type MessageEncoding, writeMessages } from './encode-messages.js';
import { writeTools } from './encode-tools.js';
import { isGemini3 } from './model-generation.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes a request body of `generateContent` or `streamGenerateContent`: which of them, and the model, the URL says. */
export function encodeRequest(request: CanonicalRequest, context: EncodeRequestContext): EncodedRequest {
  const { report, traits = {} } = context;
  const model = context.model ?? request.model;
  const encoding: MessageEncoding = {
    own: request.source === FORMAT,
    toCaller: false,
    report,
    names: namesOf(request.messages),
    mediaInResults: isGemini3(model),
    signaturesRequired: isGemini3(model),
    callIds: traits.refusedFields?.includes('functionCall.id') !== true,
  };
  dropPromptCache(report, request);
  const out: Out = {};
  writeMessages(out, request.messages, encoding);
  writeTools(out, request, model, encoding);
  const config = encodeConfig(request, model, encoding, traits);
  if (Object.keys(config).length > 0 || (encoding.own && request.forms?.['generationConfig'] === 'there'))
    out['generationConfig'] = config;
  writeRest(out, request, encoding);
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  refuseFields(out, traits.refusedFields ?? [], encoding);
  return { body: out };
}

/** Which function each call calls. */
function namesOf(messages: readonly Message[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { parts } of messages)
    for (const part of parts) if (part.type === 'tool-call') names.set(part.id, part.name);
  return names;
}

function writeRest(out: Out, request: CanonicalRequest, { own, report }: MessageEncoding): void {
  const { safety, parallelToolCalls, forms } = request;
  reportRequestFields(report, request, own ? ['user'] : ['user', 'metadata', 'serviceTier', 'store']);
  if (parallelToolCalls === false && out['tools'] !== undefined)
    report.add('parallelToolCalls', 'the target calls as many tools at a time as it likes');
  if (safety !== undefined) out['safetySettings'] = safety.map(encodeSafety);
  if (!own) return;
  Object.assign(
    out,
    given({
      model: forms?.['model'],
      labels: request.metadata,
      serviceTier: request.serviceTier,
      store: request.store,
    }),
  );
}

function encodeSafety({ category, threshold, extensions }: NonNullable<CanonicalRequest['safety']>[number]): Out {
  const out: Out = { category, threshold };
  writeExtensions(out, extensions, FORMAT);
  return out;
}

/** What the provider refuses although the format has it. */
function refuseFields(out: Out, refused: readonly string[], { report }: MessageEncoding): void {
  for (const name of refused) {
    if (out[name] === undefined) continue;
    Reflect.deleteProperty(out, name);
    report.add(name, 'refused by the provider');
  }
}
