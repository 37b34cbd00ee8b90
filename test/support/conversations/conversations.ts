import type { VendorFormat } from '../vendors/vendor-stage.js';
import { chatConversation } from './chat-conversation.js';
import type { Converse } from './conversation.js';
import { geminiConversation } from './gemini-conversation.js';
import { messagesConversation } from './messages-conversation.js';
import { responsesConversation } from './responses-conversation.js';

/** How a caller of each dialect talks. */
export const CONVERSATIONS: Readonly<Record<VendorFormat, Converse>> = {
  'openai-chat': chatConversation,
  'openai-responses': responsesConversation,
  'anthropic-messages': messagesConversation,
  'gemini-generate-content': geminiConversation,
};
