import type {
  BuiltinCallPart,
  BuiltinResultPart,
  Part,
  PartType,
  ReasoningPart,
  TextPart,
  ToolCallPart,
} from '../../protocol/index.js';
import { argumentsObject, given, isFields, jsonText } from '../fields.js';
import { sealSignature } from '../signature-envelope.js';
import { encodeMedia, type Encoding, lost, ownForms, withRest, writeSignature } from './encode-media.js';
import { encodeResult, writtenId } from './encode-results.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** A part, `null` where the format has none for it; the loss is reported. */
export function encodePart(part: Part, encoding: Encoding, path: string): Out | null {
  const out = encodeKnown(part, encoding, path);
  if (out === null) return null;
  return withRest(out, part, encoding, path);
}

type Encoder<T extends Part = Part> = (part: T, encoding: Encoding, path: string) => Out | null;

const ENCODERS: { readonly [T in PartType]?: Encoder<Extract<Part, { type: T }>> } = {
  text: encodeText,
  image: encodeMedia,
  audio: encodeMedia,
  video: encodeMedia,
  file: encodeMedia,
  json: (part) => ({ text: jsonText(part.value) }),
  reasoning: encodeReasoning,
  refusal: (part, { report }, path) => {
    report.add(path, 'a refusal is told as text');
    return { text: part.text };
  },
  'tool-call': encodeCall,
  'tool-result': encodeResult,
  'builtin-call': encodeBuiltinCall,
  'builtin-result': encodeBuiltinResult,
  opaque: (part, encoding, path) =>
    part.format === FORMAT ? { ...(part.value as Out) } : lost(encoding, path, `a part only ${part.format} knows`),
};

function encodeKnown(part: Part, encoding: Encoding, path: string): Out | null {
  return (ENCODERS[part.type] as Encoder)(part, encoding, path);
}

/** Texts of other formats that say nothing are refused here. */
function encodeText(part: TextPart, encoding: Encoding, path: string): Out | null {
  if (part.text === '' && !encoding.own && part.signature === undefined) return null;
  if (isForeignRequest(encoding) && part.citations !== undefined && part.citations.length > 0)
    encoding.report.add(`${path}.citations`, 'not known to the target in a request');
  const out: Out = ownForms(part.form, encoding)[0] === 'no-text' ? {} : { text: part.text };
  writeSignature(out, part.signature, encoding, path);
  return out;
}

function isForeignRequest({ own, toCaller }: Encoding): boolean {
  return !own && !toCaller;
}

/** Thoughts go to callers whole, and back to the provider that thought them. */
function encodeReasoning(part: ReasoningPart, encoding: Encoding, path: string): Out | null {
  const kept = part.encrypted ?? part.signature;
  const words = wordsOf(part);
  if (isForeignRequest(encoding) && kept?.origin !== FORMAT) {
    if (words === '' && kept === undefined) return null;
    return lost(encoding, path, "reasoning of earlier turns that is not the target's own");
  }
  return given({ text: words, thought: true, thoughtSignature: sealSignature(part, FORMAT) });
}

function wordsOf({ text, summary }: ReasoningPart): string {
  return text === '' ? (summary?.join('\n\n') ?? '') : text;
}

function encodeCall(part: ToolCallPart, encoding: Encoding, path: string): Out {
  const forms = ownForms(part.form, encoding);
  const args =
    part.kind === 'custom'
      ? { input: part.arguments }
      : argumentsObject(part.arguments, encoding.report, `${path}.arguments`);
  const call = given({
    id: writtenId(part.id, forms, encoding),
    name: part.name,
    args: forms.includes('no-args') ? undefined : args,
  });
  const out: Out = { functionCall: call };
  writeSignature(out, part.signature, encoding, path);
  return out;
}

function encodeBuiltinCall(part: BuiltinCallPart, encoding: Encoding, path: string): Out | null {
  const [form = '', ...more] = part.form?.split(' ') ?? [];
  if (!encoding.own) return lost(encoding, path, `a call of the provider's own tool '${part.name}'`);
  const named = more.includes('no-id') ? {} : { id: part.id };
  const value: unknown = part.arguments === '' ? undefined : JSON.parse(part.arguments);
  if (form === 'executableCode') return { executableCode: { ...named, ...(isFields(value) ? value : {}) } };
  const toolType = form.slice('toolCall='.length);
  return { toolCall: given({ ...named, toolType, args: value }) };
}

function encodeBuiltinResult(part: BuiltinResultPart, encoding: Encoding, path: string): Out | null {
  const [form = '', ...more] = part.form?.split(' ') ?? [];
  if (!encoding.own || part.format !== FORMAT) return lost(encoding, path, "the result of a provider's own tool");
  if (form === 'codeExecutionResult') return { codeExecutionResult: part.value };
  const named = more.includes('no-id') ? {} : { id: part.callId };
  return { toolResponse: given({ ...named, toolType: form.slice('toolResponse='.length), response: part.value }) };
}
