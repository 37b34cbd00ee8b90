import type { Message, Part, ReasoningPart, TextPart } from '../../protocol/index.js';
import {
  encodeCitation,
  encodePart,
  encodeToolCall,
  type Encoding,
  type Out,
  reportProofs,
  wordsOf,
} from './encode-content.js';

/** What an assistant says: its plan, its content, its calls and its citations. `null`: nothing. */
export function encodeSpoken(
  { parts, form }: Pick<Message, 'parts' | 'form'>,
  encoding: Encoding,
  path: string,
): Out | null {
  const out: Out = { role: 'assistant' };
  const content: Out[] = [];
  const citations: Out[] = [];
  const calls: Out[] = [];
  const plans: string[] = [];
  const callsTools = parts.some(({ type }) => type === 'tool-call');
  parts.forEach((part, index) => {
    const at = `${path}.parts[${String(index)}]`;
    if (!encoding.own && part.type === 'text' && calls.length > 0)
      encoding.report.add(at, 'said before the calls it followed');
    if (part.type === 'tool-call') calls.push(encodeToolCall(part, encoding, at));
    else if (isPlan(part, callsTools, encoding)) plans.push(planOf(part, encoding, at));
    else pushContent(content, citations, { part, encoding, path: at });
  });
  writePlan(out, plans, encoding);
  const written = contentOf(content, form, encoding);
  if (written !== undefined) out['content'] = written;
  if (calls.length > 0) out['tool_calls'] = calls;
  if (citations.length > 0) out['citations'] = citations;
  return !encoding.own && !encoding.toCaller && Object.keys(out).length === 1 ? null : out;
}

/** Before calls, thoughts are the plan; that is where they may be sent back without proof. */
function isPlan(part: Part, callsTools: boolean, { own, toCaller }: Encoding): part is ReasoningPart {
  if (part.type !== 'reasoning') return false;
  return own ? part.form === 'tool_plan' : callsTools && !toCaller;
}

function planOf(part: ReasoningPart, encoding: Encoding, path: string): string {
  reportProofs(part, encoding, path);
  return wordsOf(part);
}

function writePlan(out: Out, plans: readonly string[], { own }: Encoding): void {
  const plan = plans.join('\n\n');
  if (plan !== '' || (own && plans.length > 0)) out['tool_plan'] = plan;
}

interface Placed {
  readonly part: Part;
  readonly encoding: Encoding;
  readonly path: string;
}

function pushContent(content: Out[], citations: Out[], { part, encoding, path }: Placed): void {
  const { own, toCaller, report } = encoding;
  if (!own && part.type === 'image') {
    report.add(path, 'the target takes no images from an assistant');
    return;
  }
  if (!own && part.type === 'text' && part.text === '') return;
  const encoded = encodePart(part, encoding, path);
  if (encoded === null) return;
  content.push(encoded);
  if (part.type === 'text' && (own || toCaller)) pushCitations(citations, part, content.length - 1, { report, path });
}

function pushCitations(
  citations: Out[],
  { text, citations: of = [] }: TextPart,
  contentIndex: number,
  { report, path }: { report: Encoding['report']; path: string },
): void {
  of.forEach((citation, index) => {
    const written = encodeCitation(citation, contentIndex, text);
    if (written === null) report.add(`${path}.citations[${String(index)}]`, 'the target cannot cite this');
    else citations.push(written);
  });
}

/** As it was written; to a provider, bare where it is nothing but text. */
function contentOf(content: readonly Out[], form: string | undefined, { own, toCaller }: Encoding): unknown {
  if (own)
    return form === 'string' ? content[0]?.['text'] : form === 'none' && content.length === 0 ? undefined : content;
  if (content.length === 0) return undefined;
  if (toCaller || content.some(({ type }) => type !== 'text')) return content;
  return content.map(({ text }) => text as string).join('');
}
