import type { Part, ToolResultPart } from '../../protocol/index.js';
import { given, isFields } from '../fields.js';
import { joinedText } from '../instructions.js';
import { encodeMedia, type Encoding, lost, type MediaPart, ownForms, withRest } from './encode-media.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** `functionResponse`. What cannot stand in it is left to `movedMedia`. */
export function encodeResult(part: ToolResultPart, encoding: Encoding, path: string): Out {
  const { own, mediaInResults } = encoding;
  const forms = ownForms(part.form, encoding);
  const media = own || mediaInResults ? encodedMedia(part, encoding, path) : [];
  return {
    functionResponse: given({
      id: writtenId(part.callId, forms, encoding),
      name: nameOf(part, encoding, path),
      response: own ? ownResponse(part, forms) : responseOf(part),
      parts: media.length === 0 ? undefined : media,
    }),
  };
}

/** The id of a call or its result, where one is written. */
export function writtenId(id: string, forms: readonly string[], { own, callIds }: Encoding): string | undefined {
  return forms.includes('no-id') || (!own && !callIds) ? undefined : id;
}

/** Other formats name a result by its call only; the function is found there. */
function nameOf({ name, callId }: ToolResultPart, { names, report }: Encoding, path: string): string {
  const known = name ?? names.get(callId);
  if (known === undefined)
    report.add(`${path}.name`, 'the target wants the name of the function; its call is not there');
  return known ?? callId;
}

const MEDIA: ReadonlySet<Part['type']> = new Set(['image', 'audio', 'video', 'file']);

function isText({ type }: Part): boolean {
  return type === 'text' || type === 'json';
}

function encodedMedia(part: ToolResultPart, encoding: Encoding, path: string): Out[] {
  return part.content.flatMap((one, index): Out[] => {
    if (isText(one)) return [];
    const at = `${path}.content[${String(index)}]`;
    const encoded = encodeInResult(one, encoding, at);
    return encoded === null ? [] : [withRest(encoded, one, encoding, at)];
  });
}

function encodeInResult(part: Part, encoding: Encoding, path: string): Out | null {
  if (MEDIA.has(part.type)) return encodeMedia(part as MediaPart, encoding, path);
  if (part.type === 'opaque' && part.format === FORMAT) return { ...(part.value as Out) };
  return lost(encoding, path, `no ${part.type} parts in the result of a tool`);
}

/** What models before Gemini 3 do not take in a result, for the turn around it. */
export function movedMedia(part: ToolResultPart, encoding: Encoding, path: string): Out[] {
  if (encoding.own || encoding.mediaInResults) return [];
  const moved = encodedMedia(part, encoding, path);
  if (moved.length > 0) encoding.report.add(`${path}.content`, 'media are moved from the result of the tool behind it');
  return moved;
}

function ownResponse({ content }: ToolResultPart, forms: readonly string[]): unknown {
  if (forms.includes('no-response')) return undefined;
  const [first] = content;
  const value = first?.type === 'text' ? first.text : first?.type === 'json' ? first.value : undefined;
  if (forms.includes('output')) return { output: value };
  if (forms.includes('error')) return { error: value };
  return forms.includes('whole') ? value : {};
}

/** An object is the response itself, anything else its output. */
function responseOf({ content, isError }: ToolResultPart): Out {
  const said = content.filter(isText);
  const [only] = said;
  const value = said.length === 1 && only?.type === 'json' ? only.value : joinedText(said.map(asText), '\n');
  if (isError === true) return { error: value };
  return isFields(value) ? { ...value } : { output: value };
}

function asText(part: Part): Part {
  return part.type === 'json' ? { type: 'text', text: JSON.stringify(part.value) } : part;
}
