import type { VendorFormat } from '../vendors/vendor-stage.js';
import { CHAT_REQUEST } from './chat-request.shape.js';
import { GEMINI_REQUEST } from './gemini-request.shape.js';
import { MESSAGES_REQUEST } from './messages-request.shape.js';
import { RESPONSES_REQUEST } from './responses-request.shape.js';
import type { Shape } from './shape.js';

/** What each vendor takes; everything else it refuses. */
export const VENDOR_REQUESTS: Readonly<Record<VendorFormat, Shape>> = {
  'openai-chat': CHAT_REQUEST,
  'openai-responses': RESPONSES_REQUEST,
  'anthropic-messages': MESSAGES_REQUEST,
  'gemini-generate-content': GEMINI_REQUEST,
};
