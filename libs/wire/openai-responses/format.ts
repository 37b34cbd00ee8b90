import { errorOf } from '../answer-bytes.js';
import { encodeError } from '../openai-chat/errors.js';
import type { WireFormat } from '../wire-format.js';
import { decodeAnswer } from './decode-answer.js';
import { decodeEvents } from './decode-events.js';
import { decodeRequest } from './decode-request.js';
import { encodeAnswer } from './encode-answer.js';
import { encodeEvents } from './encode-events.js';
import { encodeRequest } from './encode-request.js';
import { FINISH_REASONS } from './finish.js';
import { FORMAT } from './shapes.js';

/** The Responses API of OpenAI and of all who speak like it. */
export const OPENAI_RESPONSES: WireFormat = {
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
