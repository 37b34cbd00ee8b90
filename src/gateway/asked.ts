import type { FastifyRequest } from 'fastify';
import { type CanonicalRequest, type FormatId, GatewayError } from '../../libs/protocol/index.js';
import {
  type ChatRequest,
  messagesBytes,
  OPENAI_CHAT,
  readChatRequest,
  readDialectRequest,
  type RequestExtensions,
  type RequestOrigin,
  withoutExtensions,
} from '../../libs/wire/index.js';

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
}

/** @throws GatewayError `invalid_request` that names the field at fault; `not_found` for paths that are no call */
export function readAsked(request: FastifyRequest, dialect: FormatId, path: string): Asked {
  if (!Buffer.isBuffer(request.body)) throw new GatewayError('invalid_request', 'The request has no JSON body.');
  if (dialect === 'openai-chat') return chatAsked(readChatRequest(request.body));
  const origin = dialect === 'gemini-generate-content' ? geminiOrigin(path) : {};
  const { canonical, extensions, conversation, besidesBytes } = readDialectRequest(request.body, dialect, origin);
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
  };
}

function besidesMessages({ spans }: ChatRequest): number {
  let bytes = 0;
  if (spans.has('tools')) bytes += spans.valueEnd('tools') - spans.valueStart('tools');
  if (spans.has('response_format')) bytes += spans.valueEnd('response_format') - spans.valueStart('response_format');
  return bytes;
}

const GEMINI_CALL = /^\/v1(?:beta)?\/models\/(.+):(generateContent|streamGenerateContent)$/;

/** What a Gemini URL says beside the body. */
function geminiOrigin(path: string): RequestOrigin {
  const [, model, method] = GEMINI_CALL.exec(path) ?? [];
  if (model === undefined) throw new GatewayError('not_found', 'There is no such path.');
  return { model: decoded(model), stream: method === 'streamGenerateContent' };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new GatewayError('invalid_request', 'The URL is malformed.');
  }
}
