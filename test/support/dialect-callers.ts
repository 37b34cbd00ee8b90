import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

// Google's SDK hands `fetch` a dispatcher that it looks for on the global object, where the test runner's sandbox has none.
const ownFetch = globalThis.fetch;
globalThis.fetch = (input, init) => ownFetch(input, { ...init, dispatcher: undefined } as object as RequestInit);

/** What an official SDK made of an answer. */
export interface Heard {
  text: string;
  tools: { name: string; city: unknown }[];
  inputTokens: number | undefined;
  outputTokens: number | undefined;
  /** In the dialect's own word. */
  finish: unknown;
}

/** A question of every dialect's ordinary kind: instructions, one tool, a turn of the user's. */
export interface DialectCaller {
  whole(model: string): Promise<Heard>;
  stream(model: string): Promise<Heard>;
}

export const QUESTION_TEXT = 'How is the weather?';
export const INSTRUCTIONS = 'Be brief.';
const TOOL = 'get_weather';
const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const;
const DESCRIPTION = 'The weather of a city';

const cityIn = (text: string): unknown => (JSON.parse(text) as { city?: unknown }).city;

export function chatCaller(url: string, key: string): DialectCaller {
  const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
  const body = (model: string) => ({
    model,
    max_tokens: 50,
    messages: [
      { role: 'system' as const, content: INSTRUCTIONS },
      { role: 'user' as const, content: QUESTION_TEXT },
    ],
    tools: [{ type: 'function' as const, function: { name: TOOL, description: DESCRIPTION, parameters: SCHEMA } }],
  });
  const heard = (completion: OpenAI.ChatCompletion, usage = completion.usage): Heard => {
    const [choice] = completion.choices;
    const calls = (choice?.message.tool_calls ?? []) as { function: { name: string; arguments: string } }[];
    return {
      text: choice?.message.content ?? '',
      tools: calls.map((call) => ({ name: call.function.name, city: cityIn(call.function.arguments) })),
      inputTokens: usage?.prompt_tokens,
      outputTokens: usage?.completion_tokens,
      finish: choice?.finish_reason,
    };
  };
  return {
    whole: async (model) => heard(await client.chat.completions.create(body(model))),
    stream: async (model) => {
      const stream = client.chat.completions.stream({ ...body(model), stream_options: { include_usage: true } });
      const final = await stream.finalChatCompletion();
      return heard(final as OpenAI.ChatCompletion, await stream.totalUsage());
    },
  };
}

export function responsesCaller(url: string, key: string): DialectCaller {
  const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
  const body = (model: string) => ({
    model,
    instructions: INSTRUCTIONS,
    max_output_tokens: 50,
    input: QUESTION_TEXT,
    tools: [
      { type: 'function' as const, name: TOOL, description: DESCRIPTION, parameters: { ...SCHEMA }, strict: false },
    ],
  });
  const heard = (response: OpenAI.Responses.Response): Heard => ({
    text: response.output
      .flatMap((item) => (item.type === 'message' ? item.content : []))
      .map((part) => (part.type === 'output_text' ? part.text : ''))
      .join(''),
    tools: response.output.flatMap((item) =>
      item.type === 'function_call' ? [{ name: item.name, city: cityIn(item.arguments) }] : [],
    ),
    inputTokens: response.usage?.input_tokens,
    outputTokens: response.usage?.output_tokens,
    finish: response.status,
  });
  return {
    whole: async (model) => heard(await client.responses.create(body(model))),
    stream: async (model) =>
      heard((await client.responses.stream(body(model)).finalResponse()) as OpenAI.Responses.Response),
  };
}

export function messagesCaller(url: string, key: string): DialectCaller {
  const client = new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 });
  const body = (model: string) => ({
    model,
    max_tokens: 50,
    system: INSTRUCTIONS,
    messages: [{ role: 'user' as const, content: QUESTION_TEXT }],
    tools: [{ name: TOOL, description: DESCRIPTION, input_schema: { ...SCHEMA, required: ['city'] } }],
  });
  const heard = (message: Anthropic.Message): Heard => ({
    text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    tools: message.content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, city: (block.input as { city?: unknown }).city }] : [],
    ),
    inputTokens: message.usage.input_tokens,
    outputTokens: message.usage.output_tokens,
    finish: message.stop_reason,
  });
  return {
    whole: async (model) => heard(await client.messages.create(body(model))),
    stream: async (model) => heard(await client.messages.stream(body(model)).finalMessage()),
  };
}

export function geminiCaller(url: string, key: string): DialectCaller {
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  const body = (model: string) => ({
    model,
    contents: QUESTION_TEXT,
    config: {
      systemInstruction: INSTRUCTIONS,
      maxOutputTokens: 50,
      tools: [
        { functionDeclarations: [{ name: TOOL, description: DESCRIPTION, parametersJsonSchema: { ...SCHEMA } }] },
      ],
    },
  });
  return {
    whole: async (model) => heardOf([await client.models.generateContent(body(model))]),
    stream: async (model) => {
      const chunks = [];
      for await (const chunk of await client.models.generateContentStream(body(model))) chunks.push(chunk);
      return heardOf(chunks);
    },
  };
}

type GeminiChunk = Awaited<ReturnType<GoogleGenAI['models']['generateContent']>>;

function heardOf(chunks: readonly GeminiChunk[]): Heard {
  const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
  const usage = chunks.findLast((chunk) => chunk.usageMetadata !== undefined)?.usageMetadata;
  return {
    text: parts.map((part) => part.text ?? '').join(''),
    tools: parts.flatMap(({ functionCall: call }) =>
      call === undefined ? [] : [{ name: call.name ?? '', city: call.args?.['city'] }],
    ),
    inputTokens: usage?.promptTokenCount,
    outputTokens: usage?.candidatesTokenCount,
    finish: chunks.findLast((chunk) => chunk.candidates?.[0]?.finishReason !== undefined)?.candidates?.[0]
      ?.finishReason,
  };
}

/** Counts the tokens of a prompt by an official SDK. */
export type TokenCounter = (model: string, text: string) => Promise<number | undefined>;

export function geminiCounter(url: string, key: string): TokenCounter {
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  return async (model, contents) => (await client.models.countTokens({ model, contents })).totalTokens;
}

export function messagesCounter(url: string, key: string): TokenCounter {
  const client = new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 });
  return async (model, content) =>
    (await client.messages.countTokens({ model, messages: [{ role: 'user', content }] })).input_tokens;
}
