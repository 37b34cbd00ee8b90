import type { EmbeddingInput, EmbeddingRequest, LossReport } from '../../protocol/index.js';
import { isText, refuseInput, reportEmbedding, textOfInput } from '../embedding-inputs.js';
import { reportExtensions, writeExtensions } from '../fields.js';
import { urlOf } from '../media.js';
import type { EncodedRequest, EncodeRequestContext } from '../wire-format.js';
import { type CohereEmbedId, NEAREST, WORDS } from './shapes.js';

type Out = Record<string, unknown>;

const CARRIED = new Set(['dimensions', 'purpose', 'truncate'] as const);

/** Writes a request body of `POST /v2/embed`; what it is for is required there. */
export function encodeRequest(
  format: CohereEmbedId,
  request: EmbeddingRequest,
  context: EncodeRequestContext,
): EncodedRequest {
  const { report } = context;
  const own = request.source === format;
  const model = context.model ?? request.model;
  const out: Out = format === 'cohere-embed' ? { model } : {};
  writeInputs(out, request, { format, own, report });
  const type = inputType(request, own, report);
  if (type !== undefined) out['input_type'] = type;
  writeTypes(out, request, own);
  if (request.dimensions !== undefined) out['output_dimension'] = request.dimensions;
  const truncate = truncation(format, model, request, own);
  if (truncate !== undefined) out['truncate'] = truncate;
  reportEmbedding(report, request, CARRIED);
  writeExtensions(out, request.extensions, format);
  reportExtensions(report, request.extensions, format, '');
  return { body: out };
}

interface Encoding {
  readonly format: CohereEmbedId;
  readonly own: boolean;
  readonly report: LossReport;
}

function inputType({ purpose, inputs }: EmbeddingRequest, own: boolean, report: LossReport): string | undefined {
  if (purpose === undefined) {
    if (own) return undefined;
    return inputs.every(isImage) ? WORDS.image : WORDS.document;
  }
  const word = WORDS[purpose];
  if (word !== undefined) return word;
  const nearest = NEAREST[purpose] ?? 'search_document';
  report.add('purpose', `'${purpose}' is told as '${nearest}'`);
  return nearest;
}

/** Base64 is made here of floats, which every version and place writes. */
function writeTypes(out: Out, { encodings }: EmbeddingRequest, own: boolean): void {
  if (encodings === undefined) {
    if (!own) out['embedding_types'] = ['float'];
  } else {
    out['embedding_types'] = own ? encodings : [...new Set(encodings.map((one) => (one === 'base64' ? 'float' : one)))];
  }
}

const ENDS = { none: 'NONE', start: 'START', end: 'END' } as const;
const SIDES = { none: 'NONE', start: 'LEFT', end: 'RIGHT' } as const;

function truncation(
  format: CohereEmbedId,
  model: string,
  { truncate, forms }: EmbeddingRequest,
  own: boolean,
): string | undefined {
  if (truncate === undefined) return undefined;
  const word = own ? forms?.['truncate'] : undefined;
  return word ?? (format === 'bedrock-cohere-embed' && model.includes('v4') ? SIDES : ENDS)[truncate];
}

const isImage = ({ parts }: EmbeddingInput): boolean => parts.length === 1 && parts[0]?.type === 'image';

function writeInputs(out: Out, { inputs }: EmbeddingRequest, encoding: Encoding): void {
  const { format, own, report } = encoding;
  for (const [at, { extensions }] of inputs.entries())
    reportExtensions(report, extensions, format, `inputs[${String(at)}]`);
  const asGiven = own && inputs.some(({ form }) => form === 'inputs');
  if (!asGiven && inputs.every(isText)) out['texts'] = inputs.map((input, at) => textOfInput(input, at, report));
  else if (!asGiven && inputs.every(isImage)) out['images'] = inputs.map((input, at) => imageOf(input, at));
  else out['inputs'] = inputs.map((input, at) => writeInput(input, at, encoding));
}

function imageOf({ parts }: EmbeddingInput, at: number): string {
  const [part] = parts;
  const url = part?.type === 'image' ? urlOf(part.source, 'image/png') : null;
  return url ?? refuseInput(at, 'file');
}

function writeInput({ parts, extensions }: EmbeddingInput, at: number, { format, report }: Encoding): Out {
  const content = parts.map((part): Out => {
    if (part.type === 'text') return { type: 'text', text: part.text };
    if (part.type !== 'image') return refuseInput(at, part.type);
    const url = urlOf(part.source, 'image/png') ?? refuseInput(at, 'file');
    const out: Out = { type: 'image_url', image_url: format === 'cohere-embed' ? { url } : url };
    writeExtensions(out, part.extensions, format);
    reportExtensions(report, part.extensions, format, `inputs[${String(at)}]`);
    return out;
  });
  const out: Out = { content };
  writeExtensions(out, extensions, format);
  return out;
}
