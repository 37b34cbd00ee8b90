import { createParser } from 'eventsource-parser';
import { ANTHROPIC_MESSAGES } from '../../../libs/wire/index.js';
import { describeFormat, type Said } from './format-contract.js';
import type { Exchange } from './recorded-exchanges.js';
import { sseDocuments, sseFramed } from './sse-documents.js';

interface Event {
  index?: number;
  content_block?: { type: string; name?: string };
  delta?: { text?: string; partial_json?: string; stop_reason?: string | null };
}

function said({ response }: Exchange): Said {
  const calls = new Map<number | undefined, { name: string; arguments: string }>();
  let text = '';
  let finished = false;
  const parser = createParser({
    onEvent: ({ data }) => {
      const { index, content_block: block, delta } = JSON.parse(data) as Event;
      if (block?.type === 'tool_use') calls.set(index, { name: block.name ?? '', arguments: '' });
      const call = calls.get(index);
      if (call !== undefined) call.arguments += delta?.partial_json ?? '';
      text += delta?.text ?? '';
      if (delta?.stop_reason) finished = true;
    },
  });
  parser.feed(`${response.sse ?? ''}\n\n`);
  return { text, calls: [...calls.values()], finished };
}

describeFormat({
  format: ANTHROPIC_MESSAGES,
  wires: ['anthropic.messages'],
  extensions: {
    container: 'where code runs; it lives at Anthropic',
    'choices.container': 'where code ran; it lives at Anthropic',
    context_management: 'what Anthropic forgets of long conversations',
    anthropic_version: 'Vertex wants the version in the body',
    'choices.parts.caller': 'whether code or the model called a tool',
    caller: 'whether code or the model called a tool',
    'messages.parts.caller': 'whether code or the model called a tool',
    'tools.tool_configuration.enabled': 'switch of a server of tools',
  },
  opaque: { container_upload: 'a file for the place where code runs' },
  origin: ({ model }) => ({ model: model ?? 'claude' }),
  asWritten: { request: (body, { model }) => ({ model: model ?? 'claude', ...body }) },
  streamBytes: ({ response }) => (response.sse === undefined ? null : Buffer.from(response.sse)),
  said,
  documents: { of: sseDocuments, framed: sseFramed },
});
