import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifyProviderError, type WireError, type WireErrorKind } from '../../libs/protocol/index.js';
import { haveRecordings, type Json, RECORDINGS } from './recorded-usage.js';

/** What each recorded refusal means, decided by reading it. */
const MEANT: Record<WireErrorKind, readonly string[]> = {
  authentication: [
    'anthropic.messages/anthropic.json.error_401.c64f763d',
    'azure.chat/azure.json.error_401.21f55cc8',
    'bedrock.converse/bedrock.json.error_403.48bdaa4f',
    'cohere.chat/cohere.json.error_401.782b0de0',
    'deepseek.chat/deepseek.json.error_401.44b9f0cd',
    'gemini.generateContent/gemini.json.error_400.1993c12f',
    'groq.chat/groq.json.error_401.19463731',
    'mistral.chat/mistral.json.error_401.71d5ea92',
    'openai.chat/llamacpp.json.error_401.974c476b',
    'openai.chat/openai.json.error_401.43ed0246',
    'openai.chat/openrouter.json.error_401.1093484c',
    'openai.chat/perplexity.json.error_401.a6560650',
    'openai.embeddings/openai.json.error_401.17c1e55d',
    'openai.responses/openai.json.error_401.e2f0cf08',
  ],
  permission: [
    'bedrock.invoke/bedrock.json.error_403.f8554d98',
    'gemini.generateContent/gemini.json.error_403.fd3d611c',
    'gemini.generateContent/vertex.json.error_403.dfcfa26f',
    'openai.chat/openai.json.error_403.dddab4a5',
  ],
  quota: [
    'openai.responses/openai.json.error_429.e711fd6b',
    'openai.responses/openai.stream.error_mid_stream.52ae16bc',
  ],
  'rate-limit': [
    'gemini.generateContent/gemini.json.error_429.eec06e75',
    'openai.chat/openrouter.json.error_429.1470da45',
    'openai.chat/openrouter.json.error_429.568d9d31',
  ],
  overloaded: ['bedrock.invoke/bedrock.json.error_503.e7aaee40'],
  server: ['openai.chat/openrouter.stream.error_mid_stream.d38ea0c6'],
  'context-length': ['cohere.chat/cohere.json.error_400.8cb14817'],
  'content-filter': [
    'azure.chat/azure.json.error_in_200.f27268ee',
    'openai.chat/openrouter.json.error_403-reasoning.067be7da',
  ],
  'not-found': [
    'anthropic.count_tokens/anthropic.json.error_404.b5e11a4b',
    'anthropic.messages/anthropic.json.error_404.2e63792d',
    'azure.chat/azure.json.error_404.27a7a5c3',
    'bedrock.converse/bedrock.json.error_404.8e3aacf2',
    'cohere.embed/cohere.json.error_404.bb410a32',
    'gemini.generateContent/gemini.stream.error_404.d3db607b',
    'gemini.generateContent/vertex.json.error_404.5cd7407c',
    'groq.chat/groq.json.error_400.445e9e89',
    'groq.chat/groq.json.error_400.54c31e84',
    'mistral.chat/mistral.json.error_400.159f0d68',
    'ollama.chat/ollama.json.error_404.f87c4f19',
    'openai.chat/openai.json.error_404.b68ea329',
    'openai.chat/openrouter.json.error_404.62b89033',
    'openai.completions/openai.json.error_404.567305b4',
    'openai.responses/openai.json.error_400.72da06fb',
    'openai.responses/openai.json.error_400.bf506601',
  ],
  'invalid-request': [
    'anthropic.messages/anthropic.json.error_400.9bd3c72c',
    'anthropic.messages/anthropic.json.error_400.f8b5ee49',
    'azure.chat/azure.json.error_422.1cc93d34',
    'bedrock.converse/bedrock.json.error_400-vision.7468c7e1',
    'bedrock.converse/bedrock.json.error_400.8e4a360e',
    'bedrock.converse/bedrock.stream.error_mid_stream-vision.393cf4b2',
    'deepseek.chat/deepseek.json.error_400-reasoning.43ac9365',
    'deepseek.chat/deepseek.json.error_400-reasoning.d0f49f13',
    'gemini.generateContent/gemini.json.error_400.16466056',
    'gemini.generateContent/gemini.stream.error_400.1ddef691',
    'gemini.generateContent/vertex.json.error_400.798053a2',
    'gemini.generateContent/vertex.json.error_400.e3cc6299',
    'groq.chat/groq.stream.error_mid_stream.3913b2d8',
    'groq.chat/groq.stream.error_mid_stream.d40b5705',
    'openai.audio.transcriptions/openai.json.error_400-audio.125fc685',
    'openai.chat/openai.json.error_400-web_search.26710da5',
    'openai.chat/openai.json.error_400.1fc67e4e',
    'openai.chat/openai.json.error_400.d2bf4a85',
    'openai.images/openai.json.error_400.9906e522',
    'openai.responses/deepseek.json.error_400.e0f6f3c1',
    'openai.responses/openai.stream.error_400.dc9110e2',
  ],
  timeout: [],
  'too-large': [],
  conflict: [],
  cancelled: [],
  malformed: [],
  'frame-too-large': [],
  incomplete: [],
  unknown: [],
};

interface Refusal {
  readonly id: string;
  readonly answer: Json;
}

function recordedRefusals(): Refusal[] {
  const files = readdirSync(RECORDINGS, { recursive: true, encoding: 'utf8' }).filter((file) => file.includes('/'));
  return files
    .map((file) => ({ file, recording: JSON.parse(readFileSync(join(RECORDINGS, file), 'utf8')) as Json }))
    .filter(({ recording: { response, tags } }) => response.status >= 400 || (tags as string[]).includes('error'))
    .map(({ file, recording }) => ({ id: file.replace(/\.json$/, ''), answer: recording.response }));
}

/** The error of an answer as the gateway meets it: a body, or the error's event of a stream. */
function classified({ status, headers, body, sse, text, decoded_events: frames }: Json): WireError {
  const nowMs = Date.parse(headers?.date ?? '') || 0;
  if (status >= 400)
    return classifyProviderError({ status, headers: headers ?? {}, body: body ?? bodyOf(sse ?? text), nowMs });
  const frame = (frames as Json[] | undefined)?.find((candidate) => candidate.headers[':exception-type'] !== undefined);
  const event = frame === undefined ? (body ?? errorEvent(sse)) : frame.payload;
  return classifyProviderError({ status: 200, headers: { ...headers, ...frame?.headers }, body: event, nowMs });
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^data: /, ''));
  } catch {
    return text;
  }
}

function errorEvent(sse: string): unknown {
  const lines = sse.split(/\r?\n/).filter((line) => line.startsWith('data: {'));
  return lines.map((line) => JSON.parse(line.slice(6)) as Json).find((event) => event.error);
}

(haveRecordings ? describe : describe.skip)('classifyProviderError on recorded refusals', () => {
  const refusals = haveRecordings ? recordedRefusals() : [];
  const meant = new Map(Object.entries(MEANT).flatMap(([kind, ids]) => ids.map((id) => [id, kind] as const)));

  it('knows every recording, and no other', () => {
    expect(refusals.map(({ id }) => id).sort()).toEqual([...meant.keys()].sort());
  });

  it.each(refusals.map(({ id, answer }) => [id, answer] as const))('%s', (id, answer) => {
    const error = classified(answer);
    expect(error.kind).toBe(meant.get(id));
    expect(error.message).not.toMatch(/^HTTP|^The provider reported/);
    if (answer.status >= 400) expect(error.status).toBe(answer.status);
  });

  it.each([
    // Google's RetryInfo says 48s, its message 48.9.
    ['gemini.generateContent/gemini.json.error_429.eec06e75', 48_000],
    ['openai.responses/openai.json.error_429.e711fd6b', undefined],
    ['openai.chat/openrouter.json.error_429.1470da45', undefined],
  ])('%s asks to wait %p ms', (id, wait) => {
    expect(classified(refusals.find((refusal) => refusal.id === id)?.answer).retryAfterMs).toBe(wait);
  });

  it('waits until the minute of OpenRouter’s counter is over', () => {
    const { answer } = refusals.find(({ id }) => id.endsWith('error_429.568d9d31')) as Refusal;
    const error = classifyProviderError({ ...answer, nowMs: 1759845420000 - 12_345 });
    expect(error.retryAfterMs).toBe(12_345);
  });
});
