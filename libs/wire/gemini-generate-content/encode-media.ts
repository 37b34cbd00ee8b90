import type {
  AudioPart,
  FilePart,
  ImagePart,
  LossReport,
  MediaSource,
  Part,
  Signature,
  VideoPart,
} from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { sealSignature } from '../signature-envelope.js';
import { mediaTypeOf } from './media-types.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;
export type MediaPart = ImagePart | VideoPart | AudioPart | FilePart;

/** Whose words they are in, for whom, and where losses go. */
export interface Encoding {
  /** Whether it was decoded from this very format: then its own forms are written again. */
  readonly own: boolean;
  /** An answer for a caller: foreign signatures travel in envelopes, so that they come back. */
  readonly toCaller: boolean;
  readonly report: LossReport;
  /** Names of functions by the ids of their calls. */
  readonly names: ReadonlyMap<string, string>;
  /** Whether results of tools may hold media (from Gemini 3 on). */
  readonly mediaInResults: boolean;
  /** Whether calls and results are told their ids. */
  readonly callIds: boolean;
}

export function lost({ report }: Encoding, path: string, reason: string): null {
  report.add(path, reason);
  return null;
}

/** The words of a form, for the format that wrote them. */
export function ownForms(form: string | undefined, { own }: Pick<Encoding, 'own'>): readonly string[] {
  return own ? (form?.split(' ') ?? []) : [];
}

/** What every part may have beside its data. */
export function withRest(out: Out, part: Part, { own, report }: Encoding, path: string): Out {
  if (own && part.form?.includes('thought=false') === true) out['thought'] = false;
  writeExtensions(out, part.extensions, FORMAT);
  reportExtensions(report, part.extensions, FORMAT, path);
  return out;
}

/** The proof of a part; one that only another provider reads goes to a caller in an envelope. */
export function writeSignature(out: Out, signature: Signature | undefined, encoding: Encoding, path: string): void {
  if (signature === undefined) return;
  if (signature.origin === FORMAT || encoding.toCaller) out['thoughtSignature'] = sealSignature({ signature }, FORMAT);
  else encoding.report.add(`${path}.signature`, `a signature only ${signature.origin} reads`);
}

/** A part of content that is no text. */
export function encodeMedia(part: MediaPart, encoding: Encoding, path: string): Out | null {
  if (part.type === 'file') return encodeFile(part, encoding, path);
  if (part.type === 'audio') return encodeAudio(part, encoding, path);
  if (part.type === 'image' && part.detail !== undefined && part.detail !== 'auto')
    encoding.report.add(`${path}.detail`, 'not known to the target');
  const out = encodeSource(part.source, part.type, encoding, path);
  if (out !== null && part.type === 'image') writeSignature(out, part.signature, encoding, path);
  return out;
}

function encodeAudio(part: AudioPart, encoding: Encoding, path: string): Out | null {
  if (part.transcript !== undefined) encoding.report.add(`${path}.transcript`, 'not known to the target');
  // Some providers write the field and nothing in it.
  if (!encoding.own && part.source.kind === 'data' && part.source.data === '') return null;
  return encodeSource(part.source, 'audio', encoding, path);
}

function encodeFile(part: FilePart, encoding: Encoding, path: string): Out | null {
  const { report, own } = encoding;
  const out = encodeSource(part.source, 'file', encoding, path);
  if (own && out !== null && part.filename !== undefined) {
    const inner = (out['inlineData'] ?? out['fileData']) as Out;
    inner['displayName'] = part.filename;
    return out;
  }
  for (const name of ['filename', 'title', 'context'] as const)
    if (part[name] !== undefined) report.add(`${path}.${name}`, 'not known to the target');
  if (part.citable === true) report.add(`${path}.citable`, 'not known to the target');
  return out;
}

function encodeSource(
  source: MediaSource,
  type: 'image' | 'audio' | 'video' | 'file',
  encoding: Encoding,
  path: string,
): Out | null {
  const mimeType = encoding.own ? source.mediaType : mediaTypeOf(source, type, encoding.report, path);
  switch (source.kind) {
    case 'data':
      return { inlineData: given({ mimeType, data: source.data }) };
    case 'text':
      return { inlineData: { mimeType, data: Buffer.from(source.text).toString('base64') } };
    case 'url':
      return { fileData: given({ mimeType, fileUri: source.url }) };
    case 'file-id':
      return lost(encoding, path, 'a file uploaded to another provider');
    case 'parts':
      return lost(encoding, path, 'no documents made of parts');
  }
}
