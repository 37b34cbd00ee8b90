import { CohereClientV2 } from 'cohere-ai';
import { type ChatResponse, Ollama } from 'ollama';
import { type DialectCaller, type Heard, INSTRUCTIONS, QUESTION_TEXT } from './dialect-callers.js';

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const TOOL = {
  type: 'function' as const,
  function: { name: 'get_weather', description: 'The weather of a city', parameters: SCHEMA },
};
const MESSAGES = [
  { role: 'system' as const, content: INSTRUCTIONS },
  { role: 'user' as const, content: QUESTION_TEXT },
];

/** With the status where the other SDKs have theirs. */
async function withStatus<T>(asked: Promise<T>): Promise<T> {
  return asked.catch((error: unknown) => {
    const { statusCode, status_code: code } = error as { statusCode?: number; status_code?: number };
    throw Object.assign(error as Error, { status: statusCode ?? code });
  });
}

export const ollamaClient = (url: string, key: string): Ollama =>
  new Ollama({ host: url, headers: { authorization: `Bearer ${key}` } });

export function ollamaCaller(url: string, key: string): DialectCaller {
  const client = ollamaClient(url, key);
  const body = (model: string) => ({ model, messages: [...MESSAGES], tools: [TOOL], options: { num_predict: 50 } });
  const heard = (lines: readonly ChatResponse[]): Heard => {
    const last = lines.at(-1);
    return {
      text: lines.map(({ message }) => message.content).join(''),
      tools: lines
        .flatMap(({ message }) => message.tool_calls ?? [])
        .map((call) => ({ name: call.function.name, city: call.function.arguments['city'] as unknown })),
      inputTokens: last?.prompt_eval_count,
      outputTokens: last?.eval_count,
      finish: last?.done_reason,
    };
  };
  return {
    whole: async (model) => heard([await withStatus(client.chat({ ...body(model), stream: false }))]),
    stream: async (model) => {
      const lines: ChatResponse[] = [];
      for await (const line of await withStatus(client.chat({ ...body(model), stream: true }))) lines.push(line);
      return heard(lines);
    },
  };
}

export const cohereClient = (url: string, key: string): CohereClientV2 =>
  new CohereClientV2({ token: key, environment: url, maxRetries: 0 });

export function cohereCaller(url: string, key: string): DialectCaller {
  const client = cohereClient(url, key);
  const body = (model: string) => ({ model, messages: [...MESSAGES], tools: [TOOL], maxTokens: 50 });
  return {
    whole: async (model) => {
      const { message, usage, finishReason } = await withStatus(client.chat(body(model)));
      return {
        text: (message.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join(''),
        tools: toolsOf((message.toolCalls ?? []).map((call) => [call.function?.name, call.function?.arguments])),
        inputTokens: usage?.tokens?.inputTokens,
        outputTokens: usage?.tokens?.outputTokens,
        finish: finishReason,
      };
    },
    stream: async (model) => {
      const calls: [name: string | undefined, text: string][] = [];
      const heard: Heard = { text: '', tools: [], inputTokens: undefined, outputTokens: undefined, finish: undefined };
      for await (const event of await withStatus(client.chatStream(body(model)))) {
        if (event.type === 'content-delta') heard.text += event.delta?.message?.content?.text ?? '';
        if (event.type === 'tool-call-start') calls.push([event.delta?.message?.toolCalls?.function?.name, '']);
        if (event.type === 'tool-call-delta')
          calls.at(-1)![1] += event.delta?.message?.toolCalls?.function?.arguments ?? '';
        if (event.type !== 'message-end') continue;
        const { finishReason, usage, error } = event.delta ?? {};
        // To this SDK a failed stream is one like any other: who reads it has to look.
        if (finishReason === 'ERROR') throw new Error(error);
        heard.finish = finishReason;
        heard.inputTokens = usage?.tokens?.inputTokens;
        heard.outputTokens = usage?.tokens?.outputTokens;
      }
      return { ...heard, tools: toolsOf(calls) };
    },
  };
}

function toolsOf(calls: readonly (readonly [name: string | undefined, text: string | undefined])[]): Heard['tools'] {
  return calls.map(([name = '', text = '{}']) => ({ name, city: (JSON.parse(text) as { city?: unknown }).city }));
}
