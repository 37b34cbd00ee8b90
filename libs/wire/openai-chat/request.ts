import { ObjectScan } from '../../streaming/index.js';
import { parseBody } from '../json-body.js';
import { readExtensions, type RequestExtensions } from './request-extensions.js';
import {
  checkFields,
  type Fields,
  isName,
  isObject,
  refuse,
  REQUEST_FIELDS,
  type RequestField,
} from './request-fields.js';
import { checkMessages } from './request-messages.js';

const SCAN = new ObjectScan(REQUEST_FIELDS);
const SLOTS = Object.fromEntries(REQUEST_FIELDS.map((name, slot) => [name, slot])) as Record<RequestField, number>;

/** Where the members the gateway reads stand in the raw body. */
export class RequestSpans {
  readonly #spans: Int32Array;
  /** Position behind the closing brace of the body. */
  readonly objectEnd: number;

  constructor(spans: Int32Array, objectEnd: number) {
    this.#spans = spans;
    this.objectEnd = objectEnd;
  }

  has(name: RequestField): boolean {
    return this.valueEnd(name) !== 0;
  }

  keyStart(name: RequestField): number {
    return this.#spans[SLOTS[name] * 3]!;
  }

  valueStart(name: RequestField): number {
    return this.#spans[SLOTS[name] * 3 + 1]!;
  }

  valueEnd(name: RequestField): number {
    return this.#spans[SLOTS[name] * 3 + 2]!;
  }
}

/** A chat completion request, checked as far as the gateway reads it. */
export interface ChatRequest {
  /** The body as it came. What is sent upstream is cut from these bytes, so unknown fields and numbers survive. */
  readonly raw: Buffer;
  /** The same, parsed. Not to be changed. */
  readonly value: Fields;
  readonly spans: RequestSpans;
  readonly model: string;
  readonly messages: readonly Fields[];
  readonly stream: boolean;
  /** Whether the caller asked for usage on the stream. */
  readonly includeUsage: boolean;
  /** `max_completion_tokens` or `max_tokens`, the larger where both are given. */
  readonly maxTokens: number | null;
  /** `n`, 1 when absent. */
  readonly choiceCount: number;
  readonly extensions: RequestExtensions;
}

/**
 * Reads a body of `POST /v1/chat/completions`.
 * @throws GatewayError `invalid_request`, naming the field at fault; nothing of the body is repeated in the message
 */
export function readChatRequest(body: Buffer): ChatRequest {
  const value = parseBody(body, SCAN);
  const spans = new RequestSpans(SCAN.copySpans(), SCAN.objectEnd);
  const model = value['model'];
  if (model === undefined) refuse('model', "'model' is required.");
  if (!isName(model)) refuse('model', "'model' must be a string of 1 to 256 characters.");
  const messages = checkMessages(value['messages']);
  checkFields(value);
  const options = value['stream_options'];
  return {
    raw: body,
    value,
    spans,
    model,
    messages,
    stream: value['stream'] === true,
    includeUsage: isObject(options) && options['include_usage'] === true,
    maxTokens: largest(value['max_tokens'], value['max_completion_tokens']),
    choiceCount: largest(value['n'], 1)!,
    extensions: readExtensions(value),
  };
}

/** The bytes of the `messages` value, e.g. for a keyed hash. Shares memory with the body. */
export function messagesBytes(request: ChatRequest): Buffer {
  return request.raw.subarray(request.spans.valueStart('messages'), request.spans.valueEnd('messages'));
}

function largest(first: unknown, second: unknown): number | null {
  if (typeof first !== 'number') return typeof second === 'number' ? second : null;
  return typeof second === 'number' ? Math.max(first, second) : first;
}
