import type { EmbeddingInput, EmbeddingRequest, LossReport, MediaSource } from '../../protocol/index.js';
import { refuseInput, reportEmbedding, reportEncodings, textOfInput } from '../embedding-inputs.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { urlOf } from '../media.js';
import type { EncodedRequest, EncodeRequestContext } from '../wire-format.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

const CARRIED = new Set(['dimensions', 'user'] as const);
const CARRIED_BY_OWN = new Set(['dimensions', 'user', 'purpose'] as const);

/** Writes a request body of `POST /v1/embeddings`. */
export function encodeRequest(request: EmbeddingRequest, context: EncodeRequestContext): EncodedRequest {
  const { report, traits = {} } = context;
  const own = request.source === FORMAT;
  const out: Out = { model: context.model ?? request.model, input: writeInputs(request, own, report) };
  const settings = {
    encoding_format: encodingOf(request, report),
    dimensions: request.dimensions,
    user: request.user,
    input_type: own ? request.forms?.['purpose'] : undefined,
  };
  Object.assign(out, given(settings));
  reportEmbedding(report, request, own ? CARRIED_BY_OWN : CARRIED);
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  for (const name of traits.refusedFields ?? []) refuseField(out, name, report);
  return { body: out };
}

function refuseField(out: Out, name: string, report: LossReport): void {
  if (out[name] === undefined) return;
  Reflect.deleteProperty(out, name);
  report.add(name, 'refused by the provider');
}

function encodingOf(request: EmbeddingRequest, report: LossReport): string | undefined {
  const { encodings } = request;
  if (encodings === undefined || encodings.length === 0) return undefined;
  reportEncodings(report, request, ['float']);
  return encodings.length === 1 && encodings[0] === 'base64' ? 'base64' : 'float';
}

function writeInputs({ inputs, forms }: EmbeddingRequest, own: boolean, report: LossReport): unknown {
  const written = inputs.map((input, at) => {
    reportExtensions(report, input.extensions, FORMAT, `inputs[${String(at)}]`);
    return writeInput(input, own, at, report);
  });
  const form = own ? forms?.['inputs'] : undefined;
  return written.length === 1 && (form === 'string' || form === 'tokens') ? written[0] : written;
}

function writeInput(input: EmbeddingInput, own: boolean, at: number, report: LossReport): unknown {
  const [first, ...others] = input.parts;
  if (own && input.form !== undefined) return writeObject(input, at);
  if (first?.type === 'tokens' && others.length === 0) return first.tokens;
  return textOfInput(input, at, report);
}

function writeObject({ parts, form, extensions }: EmbeddingInput, at: number): Out {
  const out: Out = {};
  const [first] = parts;
  if (form === 'content') out['content'] = parts.map((part) => writePart(part, at));
  else if (first?.type === 'text') out['text'] = first.text;
  else if (first?.type === 'image') out['image'] = imageText(first.source);
  writeExtensions(out, extensions, FORMAT);
  return out;
}

function writePart(part: EmbeddingInput['parts'][number], at: number): Out {
  if (part.type === 'text') return { type: 'text', text: part.text };
  if (part.type !== 'image') return refuseInput(at, part.type);
  const out: Out = { type: 'image_url', image_url: { url: urlOf(part.source, 'image/png') } };
  writeExtensions(out, part.extensions, FORMAT);
  return out;
}

/** Base64 that came without the head of a `data:` URL goes on without. */
function imageText(source: MediaSource): string | null {
  return source.kind === 'data' && source.mediaType === undefined ? source.data : urlOf(source, 'image/png');
}
