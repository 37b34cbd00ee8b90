import { encodeEventStreamMessage, EventStreamSplitter } from '../../../libs/streaming/index.js';
import { BEDROCK_CONVERSE } from '../../../libs/wire/index.js';
import { describeFormat, isRecord, type Said } from './format-contract.js';
import type { Exchange } from './recorded-exchanges.js';

interface Event {
  contentBlockIndex?: number;
  start?: { toolUse?: { name?: string; type?: string } };
  delta?: { text?: string; toolUse?: { input?: string } };
  stopReason?: string;
}

function bytesOf({ response }: Exchange): Buffer | null {
  const isStream = response.headers?.['content-type'] === 'application/vnd.amazon.eventstream';
  return response.base64 === undefined && !isStream ? null : Buffer.from(response.base64 ?? '', 'base64');
}

/** Headers and payload of each frame. */
function framesOf(bytes: Buffer): { headers: Record<string, string>; payload: unknown }[] {
  const splitter = new EventStreamSplitter(1 << 22);
  return splitter.push(bytes).map(({ headers, payload }) => ({
    headers: Object.fromEntries(headers),
    payload: JSON.parse(payload.toString()) as unknown,
  }));
}

function framed(documents: readonly unknown[]): Buffer {
  const frames = documents.map((one) => {
    const { headers, payload } = isRecord(one) ? one : { headers: {}, payload: one };
    const texts = isRecord(headers) ? Object.entries(headers).filter(([, value]) => typeof value === 'string') : [];
    return encodeEventStreamMessage(
      Object.fromEntries(texts) as Record<string, string>,
      JSON.stringify(payload ?? null),
    );
  });
  return Buffer.concat(frames);
}

function said(exchange: Exchange): Said {
  const calls = new Map<number | undefined, { name: string; arguments: string }>();
  let text = '';
  let finished = false;
  for (const { payload } of framesOf(bytesOf(exchange)!)) {
    const { contentBlockIndex: index, start, delta, stopReason } = payload as Event;
    const use = start?.toolUse;
    if (use !== undefined && use.type === undefined) calls.set(index, { name: use.name ?? '', arguments: '' });
    const call = calls.get(index);
    if (call !== undefined) call.arguments += delta?.toolUse?.input ?? '';
    text += delta?.text ?? '';
    if (stopReason !== undefined) finished = true;
  }
  return { text, calls: [...calls.values()], finished };
}

describeFormat({
  format: BEDROCK_CONVERSE,
  wires: ['bedrock.converse'],
  extensions: {
    metrics: 'how long AWS took',
    trace: 'what a guardrail of AWS found',
    guardrailConfig: 'a guardrail of AWS',
    'messages.parts.guardContent.text.qualifiers': 'what a guardrail is to do with a text',
    'choices.parts.type': 'one fixture names the type of its blocks',
  },
  origin: ({ model, request }) => ({
    model: model ?? 'model',
    stream: request?.path?.endsWith('/converse-stream') === true,
  }),
  streamBytes: bytesOf,
  failsInside: ({ tags }) => tags.includes('error_mid_stream'),
  said,
  documents: { of: framesOf, framed },
});
