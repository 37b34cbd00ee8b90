import { createParser } from 'eventsource-parser';
import { COHERE_CHAT } from '../../../libs/wire/index.js';
import { describeFormat, type Said } from './format-contract.js';
import type { Exchange } from './recorded-exchanges.js';
import { sseDocuments, sseFramed } from './sse-documents.js';

interface Event {
  type: string;
  index?: number;
  delta?: {
    finish_reason?: string;
    message?: {
      content?: { text?: string };
      tool_calls?: { function?: { name?: string; arguments?: string } };
    };
  };
}

function said({ response }: Exchange): Said {
  const calls = new Map<number | undefined, { name: string; arguments: string }>();
  let text = '';
  let finished = false;
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === '[DONE]') return;
      const { type, index, delta } = JSON.parse(data) as Event;
      const called = delta?.message?.tool_calls?.function;
      if (type === 'tool-call-start') calls.set(index, { name: called?.name ?? '', arguments: '' });
      const call = type.startsWith('tool-call') ? calls.get(index) : undefined;
      if (call !== undefined) call.arguments += called?.arguments ?? '';
      if (type.startsWith('content')) text += delta?.message?.content?.text ?? '';
      if (delta?.finish_reason !== undefined) finished = true;
    },
  });
  parser.feed(`${response.sse ?? ''}\n\n`);
  return { text, calls: [...calls.values()], finished };
}

describeFormat({
  format: COHERE_CHAT,
  wires: ['cohere.chat'],
  extensions: { 'messages.parts.id': 'by which citations name a document' },
  streamBytes: ({ response }) => (response.sse === undefined ? null : Buffer.from(response.sse)),
  said,
  documents: { of: sseDocuments, framed: sseFramed },
});
