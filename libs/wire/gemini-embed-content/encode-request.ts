import type { EmbeddingInput, EmbeddingRequest, LossReport } from '../../protocol/index.js';
import { refuseInput, reportEmbedding, reportEncodings } from '../embedding-inputs.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import type { EncodedRequest, EncodeRequestContext } from '../wire-format.js';
import { FORMAT, WORDS } from './shapes.js';

type Out = Record<string, unknown>;

const CARRIED = new Set(['dimensions', 'purpose', 'title'] as const);

/** Writes a request body of `:batchEmbedContents`, whatever it was: a batch of one is a single request. */
export function encodeRequest(request: EmbeddingRequest, context: EncodeRequestContext): EncodedRequest {
  const { report } = context;
  const own = request.source === FORMAT;
  const model = context.model ?? request.model;
  const task = taskType(request, report);
  const shared = given({
    model: model.startsWith('models/') ? model : `models/${model}`,
    taskType: task,
    outputDimensionality: request.dimensions,
  });
  const requests = request.inputs.map((input, at) => {
    const { title, extensions } = input;
    const content: Out = { parts: input.parts.map((part) => writePart(part, at, report)) };
    const out: Out = { ...shared, content };
    if (title !== undefined) out['title'] = title;
    writeExtensions(out, extensions, FORMAT);
    reportExtensions(report, extensions, FORMAT, `inputs[${String(at)}]`);
    return out;
  });
  if (!own) reportEncodings(report, request, ['float']);
  reportEmbedding(report, request, CARRIED);
  const out: Out = { requests };
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  return { body: out };
}

function taskType({ purpose }: EmbeddingRequest, report: LossReport): string | undefined {
  if (purpose === undefined) return undefined;
  const word = WORDS[purpose];
  // An image says by itself that it is one.
  if (word === undefined && purpose !== 'image') report.add('purpose', 'not known to the target');
  return word;
}

function writePart(part: EmbeddingInput['parts'][number], at: number, report: LossReport): Out {
  if (part.type === 'text') return { text: part.text };
  if (part.type === 'tokens') return refuseInput(at, 'tokens');
  const { source, extensions } = part;
  reportExtensions(report, extensions, FORMAT, `inputs[${String(at)}]`);
  const out: Out = {};
  if (source.kind === 'data')
    out['inlineData'] = given({ mimeType: source.mediaType ?? DEFAULT_TYPES[part.type], data: source.data });
  else if (source.kind === 'url') out['fileData'] = given({ mimeType: source.mediaType, fileUri: source.url });
  else return refuseInput(at, part.type);
  writeExtensions(out, extensions, FORMAT);
  return out;
}

/** Where nobody said what the bytes are; the API wants to be told. */
const DEFAULT_TYPES = { image: 'image/png', audio: undefined, video: undefined, file: undefined } as const;
