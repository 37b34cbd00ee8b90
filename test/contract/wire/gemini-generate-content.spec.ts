import { type JsonFields, LossReport } from '../../../libs/protocol/index.js';
import { GEMINI_GENERATE_CONTENT, type RequestOrigin } from '../../../libs/wire/index.js';
import { describeFormat, isRecord, type Said } from './format-contract.js';
import type { Exchange } from './recorded-exchanges.js';
import { sseDocuments, sseFramed } from './sse-documents.js';

interface Call {
  name?: string;
  args?: object;
  willContinue?: boolean;
  partialArgs?: { jsonPath: string; stringValue?: string }[];
}
interface Chunk {
  candidates?: {
    index?: number;
    finishReason?: string;
    content?: { parts?: { text?: string; thought?: boolean; functionCall?: Call }[] };
  }[];
  promptFeedback?: { blockReason?: string };
}

/** The objects of a stream: of a JSON list, or of server-sent events. */
function documentsOf(bytes: Buffer): readonly unknown[] {
  const text = bytes.toString();
  return text.startsWith('[') ? (JSON.parse(text) as unknown[]) : sseDocuments(bytes);
}

function bytesOf({ response }: Exchange): Buffer | null {
  const text = response.raw ?? response.sse;
  return text === undefined ? null : Buffer.from(text);
}

/** What the first candidate says. */
function said(exchange: Exchange): Said {
  const calls: { name: string; arguments: string }[] = [];
  const streamed: Record<string, string> = {};
  let text = '';
  let finished = false;
  for (const { candidates = [], promptFeedback } of documentsOf(bytesOf(exchange)!) as Chunk[]) {
    if (promptFeedback?.blockReason !== undefined) finished = true;
    for (const { index = 0, finishReason, content } of candidates) {
      if (index !== 0) continue;
      if (finishReason) finished = true;
      for (const { text: words = '', thought, functionCall: call } of content?.parts ?? []) {
        if (thought !== true) text += words;
        if (call?.name !== undefined) calls.push({ name: call.name, arguments: JSON.stringify(call.args ?? {}) });
        for (const { jsonPath, stringValue = '' } of call?.partialArgs ?? []) {
          const name = jsonPath.slice(2);
          streamed[name] = (streamed[name] ?? '') + stringValue;
          calls.at(-1)!.arguments = JSON.stringify(streamed);
        }
      }
    }
  }
  return { text, calls, finished };
}

const MODEL = /models\/([^:/]+):(stream)?/i;

function origin({ request, model }: Exchange): RequestOrigin {
  const [, named, stream] = MODEL.exec(request?.path ?? '') ?? [];
  return { model: named ?? model ?? 'model', stream: stream !== undefined };
}

/** Spellings the API takes for the ones in its documents. */
const SNAKE: Readonly<Record<string, string>> = {
  parameters_json_schema: 'parametersJsonSchema',
  inline_data: 'inlineData',
  mime_type: 'mimeType',
  file_data: 'fileData',
  file_uri: 'fileUri',
};

/**
 * Names come back in the spelling of the documents, and a tool that is `null` is left out of its entry: in the JSON of
 * protobuf both say the same.
 */
function asWritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asWritten);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, one]) => !(name === 'codeExecution' && one === null))
      .map(([name, one]) => [SNAKE[name] ?? name, asWritten(one)]),
  );
}

describeFormat({
  format: GEMINI_GENERATE_CONTENT,
  wires: ['gemini.generateContent'],
  extensions: {
    // What Google tells of itself and no other format has a place for.
    promptFeedback: 'verdict on the prompt; that it was refused is the finish reason',
    'choices.finishMessage': 'the finish reason in words',
    'choices.avgLogprobs': 'how sure the model was',
    'choices.safetyRatings': 'verdicts on the answer',
    'choices.groundingMetadata': 'searches and the widget Google wants shown; what was cited is in the citations',
    'choices.urlContextMetadata': 'which URLs were read',
    'choices.parts.thoughtSignature': "of a tool of Google's; only Google takes such parts back",
    // In streams beside the parts.
    safetyRatings: 'verdicts on the answer',
    groundingMetadata: 'as above',
    urlContextMetadata: 'as above',
    thoughtSignature: 'as above',
    finishMessage: 'as above',
    // Asked of Google only.
    'toolConfig.includeServerSideToolInvocations': 'tells the calls of the tools it runs itself',
    'toolConfig.functionCallingConfig.streamFunctionCallArguments': 'Vertex: arguments in pieces',
    'tools.responseJsonSchema': 'what a function gives back',
    modelArmorConfig: 'Vertex: filters of the caller',
  },
  origin,
  asWritten: { request: (body: JsonFields) => asWritten(body) },
  streamBytes: bytesOf,
  said,
  documents: { of: documentsOf, framed: sseFramed },
});

describe('a stream with a new field in every event', () => {
  it('is heard for the first of them only', () => {
    const format = 'gemini-generate-content';
    const encoder = GEMINI_GENERATE_CONTENT.encodeEvents({
      report: new LossReport(format, format),
      id: 'x',
      created: 1,
      model: 'm',
      includeUsage: undefined,
    });
    let last = '';
    for (let index = 0; index < 5000; index++) {
      const extensions = { [format]: { [`field${String(index)}`]: index } };
      encoder.push({ type: 'extensions-add', extensions });
      encoder.push({ type: 'extensions-add', choice: 0, extensions });
    }
    last += String(encoder.push({ type: 'answer-end' }));
    expect(last.match(/"field/g)).toHaveLength(2 * 64);
    expect(last).toContain('"field0":0');
  });
});
