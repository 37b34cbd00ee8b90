import { createParser } from 'eventsource-parser';
import { OPENAI_RESPONSES } from '../../../libs/wire/index.js';
import { describeFormat, type Said } from './format-contract.js';
import type { Exchange } from './recorded-exchanges.js';
import { sseDocuments, sseFramed } from './sse-documents.js';

interface Event {
  type: string;
  delta?: string;
  item_id?: string;
  item?: { id?: string; type: string; name?: string; call_id?: string; input?: string; arguments?: string };
}

const ENDS = new Set(['response.completed', 'response.incomplete']);

/** Up to the first end: one recording holds several responses. */
function said({ response }: Exchange): Said {
  const calls: { name: string; arguments: string }[] = [];
  let text = '';
  let finished = false;
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === '[DONE]' || finished) return;
      const { type, delta, item } = JSON.parse(data) as Event;
      if (type === 'response.output_text.delta') text += delta ?? '';
      if (type === 'response.output_item.done' && item !== undefined && isCallers(item))
        calls.push({ name: item.name ?? '', arguments: item.arguments ?? item.input ?? '' });
      if (ENDS.has(type)) finished = true;
    },
  });
  parser.feed(`${response.sse ?? ''}\n\n`);
  return { text, calls, finished };
}

/** xAI tells its own searches as if they were calls of the caller's tools. */
function isCallers({ type, call_id: id }: NonNullable<Event['item']>): boolean {
  return type === 'function_call' || (type === 'custom_tool_call' && id?.startsWith('xs_') !== true);
}

/** Fields of the event that shows a picture before it is done. */
function drafts(names: string): Record<string, string> {
  const event = 'response.image_generation_call.partial_image';
  return Object.fromEntries(names.split(' ').map((name) => [`${event}.${name}`, 'a draft of a picture']));
}

describeFormat({
  format: OPENAI_RESPONSES,
  wires: ['openai.responses'],
  extensions: {
    // Told of the answer, and nobody else has a place for it.
    content_filters: 'verdicts of Azure on prompt and answer',
    'choices.parts.item.phase': 'whether a message comments or answers',
    'item.phase': 'the same in a stream',
    // Tools of the provider's.
    include: 'results of tools the answer is to repeat',
    'tools.container': 'where code runs',
    'tools.require_approval': 'whether a tool of an MCP server may run at once',
    'choices.parts.container_id': 'where code ran',
    'choices.parts.outputs': 'what code wrote',
    'choices.parts.citations.container_id': 'where the cited file lies',
    'citation.index': 'which of the files found it was',
    output: 'what the tool of an MCP server gave',
    // Of a picture that was made, and of its drafts.
    'choices.parts.background': 'of a picture',
    'choices.parts.quality': 'of a picture',
    'choices.parts.revised_prompt': 'of a picture',
    'choices.parts.size': 'of a picture',
    background: 'of a picture',
    quality: 'of a picture',
    revised_prompt: 'of a picture',
    size: 'of a picture',
    format: 'of a thought: OpenRouter says whose model thought it',
    ...drafts('background item_id output_format output_index partial_image_b64 partial_image_index quality'),
    ...drafts('sequence_number size type'),
  },
  opaque: {
    additional_tools: 'tools that came up in the course of the conversation',
    mcp_list_tools: 'tools an MCP server has',
  },
  // JSON has no -0.
  asWritten: { answer: (body) => JSON.parse(JSON.stringify(body)) as unknown },
  // One recording is of no API: its events have other names than any vendor's.
  streamBytes: ({ response: { sse } }) =>
    sse === undefined || sse.includes('"object":"response.delta"') ? null : Buffer.from(sse),
  failsInside: ({ tags }) => tags.includes('error_mid_stream'),
  said,
  documents: { of: sseDocuments, framed: sseFramed },
});
