import type { FastifyRequest } from 'fastify';
import { type AnyFormatId, type CanonicalRequest, type FormatId, GatewayError } from '../../libs/protocol/index.js';
import {
  type ChatRequest,
  countedRequest,
  type DialectRequest,
  messagesBytes,
  OPENAI_CHAT,
  readChatRequest,
  readDialectRequest,
  type RequestExtensions,
  withoutExtensions,
} from '../../libs/wire/index.js';
import type { EndpointAsk } from './endpoint/endpoint-ask.js';
import { readEndpoint } from './endpoint/read-endpoint.js';
import { readGeminiPath } from './gemini-path.js';

/** What a request asks for, whatever its dialect. */
export interface Asked {
  readonly modelName: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly maxTokens: number | null;
  readonly choiceCount: number;
  readonly extensions: RequestExtensions;
  /** The conversation's bytes. */
  readonly conversation: Buffer;
  /** Bytes that count as prompt although they are no conversation: instructions, tools, a schema of the answer. */
  readonly besidesBytes: number;
  readonly chat: ChatRequest | null;
  readonly canonical: () => CanonicalRequest;
  /** What is asked where it is no generation; `chat` and `canonical` then say nothing. */
  readonly endpoint: EndpointAsk | null;
}

/** @throws GatewayError `invalid_request` that names the field at fault; `not_found` for paths that are no call */
export function readAsked(request: FastifyRequest, dialect: AnyFormatId, path: string): Asked {
  if (!Buffer.isBuffer(request.body)) throw new GatewayError('invalid_request', 'The request has no JSON body.');
  if (dialect === 'openai-chat') return chatAsked(readChatRequest(request.body));
  const endpoint = readEndpoint(request.body, dialect, path);
  if (endpoint !== null) return endpointAsked(endpoint);
  if (dialect !== 'gemini-generate-content')
    return dialectAsked(readDialectRequest(request.body, dialect as FormatId, {}));
  const { counts, ...origin } = readGeminiPath(path);
  const body = counts ? countedRequest(request.body) : request.body;
  return dialectAsked(readDialectRequest(body, dialect, origin));
}

function dialectAsked({ canonical, extensions, conversation, besidesBytes }: DialectRequest): Asked {
  return {
    modelName: canonical.model,
    stream: canonical.stream,
    includeUsage: true,
    maxTokens: canonical.generation.maxOutputTokens ?? null,
    choiceCount: canonical.generation.choices ?? 1,
    extensions,
    conversation,
    besidesBytes,
    chat: null,
    canonical: () => canonical,
    endpoint: null,
  };
}

function endpointAsked(endpoint: EndpointAsk): Asked {
  return {
    modelName: endpoint.modelName,
    stream: false,
    includeUsage: false,
    maxTokens: null,
    choiceCount: 1,
    extensions: endpoint.extensions,
    conversation: endpoint.content,
    besidesBytes: 0,
    chat: null,
    canonical: () => {
      throw new Error(`a call of ${endpoint.endpoint} is no generation`);
    },
    endpoint,
  };
}

function chatAsked(chat: ChatRequest): Asked {
  let canonical: CanonicalRequest | null = null;
  return {
    modelName: chat.model,
    stream: chat.stream,
    includeUsage: chat.includeUsage,
    maxTokens: chat.maxTokens,
    choiceCount: chat.choiceCount,
    extensions: chat.extensions,
    conversation: messagesBytes(chat),
    besidesBytes: besidesMessages(chat),
    chat,
    canonical: () => (canonical ??= OPENAI_CHAT.decodeRequest(withoutExtensions(chat.value))),
    endpoint: null,
  };
}

function besidesMessages({ spans }: ChatRequest): number {
  let bytes = 0;
  if (spans.has('tools')) bytes += spans.valueEnd('tools') - spans.valueStart('tools');
  if (spans.has('response_format')) bytes += spans.valueEnd('response_format') - spans.valueStart('response_format');
  return bytes;
}
