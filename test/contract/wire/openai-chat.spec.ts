import { createParser } from 'eventsource-parser';
import { OPENAI_CHAT } from '../../../libs/wire/index.js';
import { describeFormat, isRecord, type Said } from './format-contract.js';
import type { Exchange } from './recorded-exchanges.js';

interface Chunk {
  choices?: {
    index?: number;
    finish_reason?: string | null;
    delta?: {
      content?: unknown;
      tool_calls?: { index?: number; id?: string; function?: { name?: string; arguments?: string } }[] | null;
    };
  }[];
}

/** What the first choice says. */
function said({ response }: Exchange): Said {
  const calls: { name: string; arguments: string }[] = [];
  let text = '';
  let finished = false;
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === '[DONE]') return;
      for (const { index = 0, delta, finish_reason: reason } of (JSON.parse(data) as Chunk).choices ?? []) {
        if (index !== 0) continue;
        if (typeof delta?.content === 'string') text += delta.content;
        if (reason) finished = true;
        for (const { index: at = 0, function: called } of delta?.tool_calls ?? []) {
          const call = (calls[at] ??= { name: '', arguments: '' });
          if (call.name === '') call.name = called?.name ?? '';
          call.arguments += called?.arguments ?? '';
        }
      }
    },
  });
  parser.feed(`${response.sse ?? ''}\n\n`);
  return { text, calls, finished };
}

describeFormat({
  format: OPENAI_CHAT,
  wires: ['openai.chat', 'azure.chat', 'groq.chat', 'deepseek.chat', 'mistral.chat'],
  extensions: {},
  origin: ({ model }) => ({ model: model ?? 'deployment' }),
  asWritten: {
    request: (body, { model }) => ({ model: model ?? 'deployment', ...body }),
  },
  streamBytes: ({ response }) => (response.sse === undefined ? null : Buffer.from(response.sse)),
  failsInside: ({ tags }) => tags.includes('error_mid_stream'),
  said,
});

it('reads what the tests call a record', () => expect(isRecord({})).toBe(true));
