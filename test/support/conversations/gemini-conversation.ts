import { GEMINI_ANSWER, GEMINI_ERROR } from '../shapes/gemini-answer.shape.js';
import {
  BrokenStream,
  type Conversation,
  eventsOf,
  expectShape,
  type Line,
  type Opening,
  post,
  sum,
  type Told,
} from './conversation.js';

type Body = Record<string, any>;
const ENDS: Record<string, Told['end']> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'filter',
  PROHIBITED_CONTENT: 'filter',
};

/** https://ai.google.dev/api/generate-content */
export function geminiConversation({ url, key, streams }: Line, opening: Opening): Conversation {
  const contents: Body[] = [];
  const place = streams ? 'streamGenerateContent?alt=sse' : 'generateContent';
  const ask = async (parts: readonly Body[]): Promise<Told> => {
    contents.push({ role: 'user', parts });
    const error = {
      shape: GEMINI_ERROR,
      read: ({ error: said }: any) => ({ message: said.message, type: said.status }),
    };
    const path = `${url}/v1beta/models/${opening.model}:${place}`;
    const reply = await post(path, { 'x-goog-api-key': key }, { ...settings(opening), contents }, error);
    const answer = streams ? collected(reply.text) : (JSON.parse(reply.text) as Body);
    expectShape(GEMINI_ANSWER, answer);
    contents.push(answer['candidates'][0].content);
    return { ...told(answer), loss: reply.loss };
  };
  return {
    say: (text, images) => ask([{ text }, ...(images ?? []).map((image) => imagePart(image))]),
    give: (outcomes) =>
      ask(outcomes.map(({ id, name, text }) => ({ functionResponse: { id, name, response: { output: text } } }))),
  };
}

const imagePart = (image: string): Body =>
  image.startsWith('http')
    ? { fileData: { fileUri: image, mimeType: 'image/png' } }
    : { inlineData: { mimeType: 'image/png', data: image } };

function settings({ instructions, maxTokens, tools, schema, thinks, toolChoice }: Opening): Body {
  const mode = toolChoice === 'required' ? 'ANY' : 'NONE';
  return {
    ...(instructions !== undefined && { systemInstruction: { parts: [{ text: instructions }] } }),
    ...(toolChoice !== undefined && { toolConfig: { functionCallingConfig: { mode } } }),
    ...(tools !== undefined && {
      tools: [
        {
          functionDeclarations: tools.map(({ name, description, parameters }) => ({
            name,
            description,
            parametersJsonSchema: parameters,
          })),
        },
      ],
    }),
    generationConfig: {
      ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
      ...(thinks === true && { thinkingConfig: { includeThoughts: true, thinkingLevel: 'LOW' } }),
      ...(schema !== undefined && { responseMimeType: 'application/json', responseJsonSchema: schema }),
    },
  };
}

function told({ candidates, usageMetadata: usage = {} }: Body): Omit<Told, 'loss'> {
  const [{ content, finishReason: end }] = candidates;
  const parts = content.parts as Body[];
  const joined = (thought: boolean): string =>
    parts
      .map((part) => ((part['thought'] === true) === thought ? ((part['text'] as string | undefined) ?? '') : ''))
      .join('');
  const calls = parts.flatMap(({ functionCall: call }) =>
    call === undefined ? [] : [{ id: call.id ?? '', name: call.name, input: call.args }],
  );
  return {
    text: joined(false),
    reasoning: joined(true),
    calls,
    // A call is no reason of its own to end in this dialect.
    end: end === 'STOP' && calls.length > 0 ? 'calls' : (ENDS[end] ?? `unknown: ${String(end)}`),
    usage: {
      input: sum(usage.promptTokenCount, usage.toolUsePromptTokenCount),
      cached: sum(usage.cachedContentTokenCount),
      output: sum(usage.candidatesTokenCount, usage.thoughtsTokenCount),
      reasoning: sum(usage.thoughtsTokenCount),
    },
  };
}

/** The answer that the chunks make up; parts stay as they came, for the history. */
function collected(stream: string): Body {
  const chunks = eventsOf(stream).map(({ data, event, id }) => {
    if (event !== undefined || id !== undefined) throw new Error('this dialect has nothing but data');
    return JSON.parse(data) as Body;
  });
  const parts: Body[] = [];
  let end: unknown;
  for (const chunk of chunks) {
    if (chunk['error'] !== undefined) {
      expectShape(GEMINI_ERROR, chunk);
      if (end !== undefined) throw new Error('a broken stream ends as if it were whole');
      throw new BrokenStream(chunk['error'].message);
    }
    expectShape(GEMINI_ANSWER, chunk);
    const candidate = ((chunk['candidates'] ?? []) as Body[]).find(({ index }) => (index ?? 0) === 0);
    if (end !== undefined && candidate?.['content']?.parts !== undefined) throw new Error('parts after the end');
    parts.push(...((candidate?.['content']?.parts ?? []) as Body[]));
    end = candidate?.['finishReason'] ?? end;
  }
  if (/^:/m.test(stream)) throw new Error('this dialect has no comments');
  const usage = chunks.findLast((chunk) => chunk['usageMetadata'] !== undefined)?.['usageMetadata'];
  const candidates = [{ content: { role: 'model', parts }, finishReason: end, index: 0 }];
  return { ...chunks.at(-1), candidates, ...(usage !== undefined && { usageMetadata: usage }) };
}
