import { dataLines, endOf, pieces, type SpokenAnswer, USAGE, type Vendor } from './vendor.js';

const ENDS = { stop: 'STOP', calls: 'STOP', length: 'MAX_TOKENS', filter: 'SAFETY' } as const;

/** https://ai.google.dev/api/generate-content and /gemini-api/docs/thought-signatures */
export const GEMINI_VENDOR: Vendor = {
  whole: (answer) => chunk([...thoughts(answer, false), ...words(answer, false), ...calls(answer)], answer),
  stream: (answer) => {
    const parts = [...thoughts(answer, true), ...words(answer, true)];
    const last = calls(answer);
    const before = last.length > 0 ? parts : parts.slice(0, -1);
    return dataLines([
      ...before.map((part) => chunk([part], null)),
      chunk(last.length > 0 ? last : parts.slice(-1), answer),
    ]);
  },
  refusal: (message) => ({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }),
  overload: dataLines([{ error: { code: 503, message: 'The server is overloaded.', status: 'UNAVAILABLE' } }]),
};

function thoughts({ reasoning }: SpokenAnswer, cut: boolean): object[] {
  if (reasoning === undefined) return [];
  return (cut ? pieces(reasoning.text) : [reasoning.text]).map((text) => ({ text, thought: true }));
}

/** The proof of a thought stands on the first call, or on the last of the text where nothing is called. */
function words({ text, reasoning, calls: called }: SpokenAnswer, cut: boolean): object[] {
  if (text === undefined) return [];
  const texts = cut ? pieces(text) : [text];
  const proves = reasoning !== undefined && called === undefined;
  return texts.map((piece, at) => ({
    text: piece,
    ...(proves && at === texts.length - 1 && { thoughtSignature: reasoning.proof }),
  }));
}

function calls({ calls: called, reasoning }: SpokenAnswer): object[] {
  return (called ?? []).map(({ id, name, input }, at) => ({
    functionCall: { id, name, args: input },
    ...(at === 0 && reasoning !== undefined && { thoughtSignature: reasoning.proof }),
  }));
}

/** `answer` is given with the last parts: reason and usage come with them. */
function chunk(parts: readonly object[], answer: SpokenAnswer | null): object {
  const end = answer === null ? {} : { finishReason: ENDS[endOf(answer)] };
  return {
    candidates: [{ content: { parts, role: 'model' }, ...end, index: 0 }],
    usageMetadata: usageOf(answer),
    modelVersion: 'up',
    responseId: 'resp-up',
  };
}

/** Counts stand in every chunk, those of the answer only at its end. */
function usageOf(answer: SpokenAnswer | null): object {
  const usage = answer?.usage ?? USAGE;
  const prompt = { promptTokenCount: usage.input, cachedContentTokenCount: usage.cached };
  if (answer === null) return { ...prompt, totalTokenCount: usage.input };
  return {
    ...prompt,
    candidatesTokenCount: usage.output - usage.reasoning,
    totalTokenCount: usage.input + usage.output,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: usage.input }],
    ...(usage.reasoning > 0 && { thoughtsTokenCount: usage.reasoning }),
  };
}
