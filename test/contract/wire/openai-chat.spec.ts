import { createParser } from 'eventsource-parser';
import { OPENAI_CHAT } from '../../../libs/wire/index.js';
import { describeFormat, type Said } from './format-contract.js';
import type { Exchange } from './recorded-exchanges.js';
import { sseDocuments, sseFramed } from './sse-documents.js';

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
  extensions: {
    // What a provider tells of itself and no other format has a place for.
    system_fingerprint: 'which build of the model answered',
    service_tier: 'told after the stream had begun',
    x_groq: 'request id and usage of Groq, which it gives twice',
    usage_breakdown: 'usage of Groq by model, empty so far',
    timings: 'speed of llama.cpp',
    time_info: 'speed of Cerebras',
    latency_checkpoint: 'speed of Azure',
    seed: 'Together repeats the seed',
    'choices.seed': 'Together repeats the seed',
    'choices.stop_reason': 'vLLM: which stop token it was',
    'choices.matched_stop': 'SGLang: which stop token it was',
    'choices.finish_reason': 'empty',
    // Filters.
    prompt_filter_results: 'verdicts of Azure on the prompt',
    content_filter_results: 'verdicts of Azure on the answer',
    'choices.content_filter_results': 'verdicts of Azure on the answer',
    // Searches.
    citations: 'addresses that Perplexity numbers in its text; only it knows where',
    search_results: 'what Perplexity found, cited or not',
    // Beside the message.
    'choices.parts.expires_at': 'until when OpenAI keeps the sound',
    'choices.message.function_call': 'Snowflake writes an empty one',
    'choices.message.extra_content': 'Google: that the whole message is a thought',
    'choices.message.thought_signature': 'Google: of the whole message',
    'delta.channel': 'Cerebras: channel of gpt-oss, already told apart by field',
    'delta.token_id': 'Together: number of the token',
    // Asked of one provider only.
    enable_thinking: 'switch of GPUStack',
    'messages.prefix': 'Mistral: go on with this message',
  },
  origin: ({ model }) => ({ model: model ?? 'deployment' }),
  asWritten: {
    request: (body, { model }) => ({ model: model ?? 'deployment', ...body }),
  },
  streamBytes: ({ response }) => (response.sse === undefined ? null : Buffer.from(response.sse)),
  failsInside: ({ tags }) => tags.includes('error_mid_stream'),
  said,
  documents: { of: sseDocuments, framed: sseFramed },
});
