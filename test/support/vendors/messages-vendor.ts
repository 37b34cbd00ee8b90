import { endOf, namedLines, pieces, type SpokenAnswer, USAGE, type Vendor } from './vendor.js';

const ENDS = { stop: 'end_turn', calls: 'tool_use', length: 'max_tokens', filter: 'refusal' } as const;

/** https://platform.claude.com/docs/en/api/messages and /docs/en/build-with-claude/streaming */
export const MESSAGES_VENDOR: Vendor = {
  whole: (answer) => ({
    ...HEAD,
    content: blocks(answer).map(({ block }) => block),
    stop_reason: ENDS[endOf(answer)],
    stop_sequence: null,
    usage: { ...inputUsage(answer), ...outputUsage(answer) },
  }),
  stream: (answer) =>
    namedLines([
      {
        type: 'message_start',
        message: {
          ...HEAD,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { ...inputUsage(answer), output_tokens: 1 },
        },
      },
      { type: 'ping' },
      ...blocks(answer).flatMap(({ start, deltas }, index) => [
        { type: 'content_block_start', index, content_block: start },
        ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
        { type: 'content_block_stop', index },
      ]),
      {
        type: 'message_delta',
        delta: { stop_reason: ENDS[endOf(answer)], stop_sequence: null },
        usage: outputUsage(answer),
      },
      { type: 'message_stop' },
    ]),
  refusal: (message) => ({ type: 'error', error: { type: 'invalid_request_error', message }, request_id: 'req_up' }),
  overload: namedLines([{ type: 'error', error: { type: 'overloaded_error', message: 'The server is overloaded.' } }]),
};

const HEAD = { id: 'msg_up', type: 'message', role: 'assistant', model: 'up' };

interface Block {
  readonly block: object;
  readonly start: object;
  readonly deltas: readonly object[];
}

function blocks(answer: SpokenAnswer): Block[] {
  const list: Block[] = [];
  if (answer.reasoning !== undefined) {
    const { text, proof } = answer.reasoning;
    const thoughts = pieces(text).map((thinking) => ({ type: 'thinking_delta', thinking }));
    list.push({
      block: { type: 'thinking', thinking: text, signature: proof },
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [...thoughts, { type: 'signature_delta', signature: proof }],
    });
  }
  if (answer.text !== undefined) {
    list.push({
      block: { type: 'text', text: answer.text, citations: null },
      start: { type: 'text', text: '' },
      deltas: pieces(answer.text).map((text) => ({ type: 'text_delta', text })),
    });
  }
  for (const { id, name, input } of answer.calls ?? []) {
    const call = { type: 'tool_use', id, name };
    const json = ['', ...pieces(JSON.stringify(input))];
    list.push({
      block: { ...call, input },
      start: { ...call, input: {} },
      deltas: json.map((partial) => ({ type: 'input_json_delta', partial_json: partial })),
    });
  }
  return list;
}

/** The vendor counts what it read from its cache beside the other input. */
function inputUsage({ usage = USAGE }: SpokenAnswer): object {
  return {
    input_tokens: usage.input - usage.cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    service_tier: 'standard',
  };
}

function outputUsage({ usage = USAGE }: SpokenAnswer): object {
  return { output_tokens: usage.output, output_tokens_details: { thinking_tokens: usage.reasoning } };
}
