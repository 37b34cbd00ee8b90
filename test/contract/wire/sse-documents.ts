import { createParser } from 'eventsource-parser';

/** The JSON documents of an event stream, in order; texts that are no JSON (`[DONE]`) as strings. */
export function sseDocuments(bytes: Buffer): unknown[] {
  const documents: unknown[] = [];
  const parser = createParser({ onEvent: ({ data }) => documents.push(documentOf(data)) });
  parser.feed(`${bytes.toString()}\n\n`);
  return documents;
}

function documentOf(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}

/** The event stream of these documents. */
export function sseFramed(documents: readonly unknown[]): Buffer {
  const texts = documents.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  return Buffer.from(texts.map((text) => `data: ${text}\n\n`).join(''));
}
