import { errorOf } from '../answer-bytes.js';
import type { WireFormat } from '../wire-format.js';
import { decodeAnswer } from './decode-answer.js';
import { decodeEvents } from './decode-events.js';
import { decodeRequest } from './decode-request.js';
import { encodeAnswer } from './encode-answer.js';
import { encodeEvents } from './encode-events.js';
import { encodeRequest } from './encode-request.js';
import { encodeError } from './errors.js';
import { FINISH_REASONS } from './finish.js';
import { FORMAT } from './shapes.js';

/** Ollama's own chat API. https://docs.ollama.com/api/chat */
export const OLLAMA_CHAT: WireFormat = {
  id: FORMAT,
  finishReasons: FINISH_REASONS,
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeEvents,
  encodeEvents,
  decodeError: (failure) => errorOf(FORMAT, failure),
  encodeError,
};
