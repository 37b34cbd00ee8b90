import { createHash } from 'node:crypto';
import { sanitiseHeaders, sanitiseText, sanitiseUrl } from '../../../libs/protocol/index.js';
import type { CapturedExchange } from './captured-exchange.js';
import { type RecordedBody, recordedAnswer, recordedRequestBody } from './recorded-body.js';
import { modelInPath, providerOf, wireOf } from './wire-name.js';

/** Headers that are left out: they say who and when, or that bytes were packed that no longer are. */
const LEFT_OUT =
  /^(?:cookie|set-cookie|content-encoding|traceparent|tracestate|baggage|b3|x-b3-.*|x-amzn-trace-id|x-cloud-trace-context|sentry-trace|x-datadog-.*|uber-trace-id|x-amz-date)$/;
const STREAMED = /^(?:text\/event-stream|application\/(?:x-ndjson|jsonl|vnd\.amazon\.eventstream))/i;
/** Tags from the most telling on; the first that an exchange has is part of its name. */
const TELLING = ['cut', 'error_', 'tool_call', 'tools', 'reasoning', 'usage'];

/** What a recording is called when its exchange does not say it. */
export interface RecordingNames {
  readonly provider: string | null;
  readonly wire: string | null;
  /** Who recorded, with the version. */
  readonly recorder: string;
}

/** A recording: the content of its file without the id. */
export interface Recording {
  readonly source: Readonly<Record<string, unknown>>;
  readonly provider: string;
  readonly wire: string;
  readonly stream: boolean;
  readonly model: string | null;
  readonly request: Readonly<Record<string, unknown>>;
  readonly response: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
}

/**
 * An exchange as it is kept: without credentials and ids of persons and organisations, in the format of a recording.
 * @param recordedAt when, in milliseconds since 1970
 */
export function recordingOf(exchange: CapturedExchange, names: RecordingNames, recordedAt: number): Recording {
  const requestHeaders = headersOf(exchange.requestHeaders);
  const responseHeaders = headersOf(exchange.responseHeaders);
  const provider = names.provider ?? providerOf(exchange.host);
  const path = sanitiseUrl(exchange.path);
  const body = recordedRequestBody(exchange.requestBody, requestHeaders['content-type'] ?? null);
  const type = responseHeaders['content-type'] ?? '';
  const answer = recordedAnswer(exchange.responseChunks, type, responseHeaders['content-encoding'] ?? null);
  const model = modelOf(body) ?? modelInPath(path) ?? modelOf(answer['body']);
  return {
    source: sourceOf(exchange, names, recordedAt),
    provider,
    wire: names.wire ?? wireOf(exchange.path, provider),
    stream: STREAMED.test(type) || 'raw' in answer,
    model: model === null ? null : sanitiseText(model),
    request: { method: exchange.method, host: sanitiseText(exchange.host), path, headers: kept(requestHeaders), body },
    response: { status: exchange.status, headers: kept(responseHeaders), ...answer },
    tags: tagsOf(exchange, body, answer),
  };
}

function sourceOf({ cut }: CapturedExchange, { recorder }: RecordingNames, recordedAt: number): Recording['source'] {
  return {
    repo: null,
    path: null,
    index: 0,
    licence: null,
    commit: null,
    evidence: 'recorded',
    framing: 'raw',
    recorded_at: new Date(recordedAt).toISOString(),
    recorder,
    ...(cut !== null && { notes: `cut: ${cut}` }),
  };
}

/** Where a recording belongs, without the ending: `<wire>/<provider>.<stream|json>.<tag>.<hash of its content>`. */
export function recordingId({ wire, provider, stream, tags, request, response }: Recording): string {
  const content = JSON.stringify([provider, request, response]);
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 8);
  const telling = TELLING.flatMap((word) =>
    tags.filter((tag) => tag === word || (word === 'error_' && tag.startsWith(word))),
  );
  return `${wire}/${provider}.${stream ? 'stream' : 'json'}.${telling[0] ?? 'plain'}.${hash}`;
}

function headersOf(raw: readonly string[]): Record<string, string> {
  const joined = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    joined.set(name, [...(joined.get(name) ?? []), raw[index + 1] ?? '']);
  }
  return Object.fromEntries([...joined].map(([name, values]) => [name, values.join(', ')]));
}

function kept(headers: Record<string, string>): Record<string, string> {
  return sanitiseHeaders(Object.fromEntries(Object.entries(headers).filter(([name]) => !LEFT_OUT.test(name))));
}

function modelOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const fields = body as { model?: unknown; modelVersion?: unknown; multipart?: { name: string; value?: string }[] };
  const inForm = fields.multipart?.find(({ name }) => name === 'model')?.value;
  const named = fields.model ?? fields.modelVersion ?? inForm;
  return typeof named === 'string' ? named.slice(0, 200) : null;
}

function tagsOf(exchange: CapturedExchange, request: unknown, answer: RecordedBody): string[] {
  const asked = JSON.stringify(request);
  const text = JSON.stringify(answer);
  const sse = typeof answer['sse'] === 'string' ? answer['sse'] : '';
  const tags: Record<string, boolean> = {
    cut: exchange.cut !== null,
    error: exchange.status >= 400,
    [`error_${exchange.status}`]: exchange.status >= 400,
    tools: /"tools":\[\{|"toolConfig":\{/.test(asked),
    tool_call: /tool_calls\\*":\s*\[\s*\{|\\*"(?:tool_use|toolUse|functionCall|function_call)\\*"/.test(text),
    reasoning: /\\*"(?:reasoning|reasoning_content|thinking|reasoningContent)\\*":/.test(text),
    usage: /\\*"(?:usage|usageMetadata|eval_count)\\*":/.test(text),
    done_marker: /^data: ?\[DONE\]/m.test(sse),
    crlf_framing: sse.includes('\r\n'),
  };
  return Object.keys(tags)
    .filter((tag) => tags[tag] === true)
    .sort();
}
