import type { Extensions, ReasoningPart, SignatureSet } from '../../protocol/index.js';
import { sealSignature } from '../signature-envelope.js';
import { FORMAT } from './shapes.js';
import { type Out, type Page, WrittenItem, type WrittenPart } from './written-item.js';

/** The paragraph that a thought's own words are, where they stand for a summary. */
const WORDS = -1;

/** A thought. One of another format is shown once it says something: many say nothing. */
export class WrittenThought extends WrittenItem implements WrittenPart {
  readonly #id: string | undefined;
  readonly #summary: Out[] = [];
  /** The paragraph of the summary that is open, as the events count it. */
  #paragraph: number | null = null;
  #text: string | null = null;

  constructor(page: Page, fields: Out, { id }: ReasoningPart) {
    super(page, fields);
    this.#id = id;
    fields['summary'] = this.#summary;
  }

  begin(): string {
    return this.page.own || this.fields['encrypted_content'] !== undefined ? this.start() : '';
  }

  protected override beginning(): Out {
    return { summary: [], ...(this.fields['content'] === undefined ? {} : { content: [] }) };
  }

  #show(): string {
    return this.shown ? '' : this.start();
  }

  words(text: string): string {
    // What is read of a thought is its summary, so the thoughts of other formats are told there.
    if (!this.page.own) return this.summary(WORDS, text);
    const place = { content_index: 0 };
    let begun = this.#show();
    if (this.#text === null) {
      const part = { type: 'reasoning_text', text: '' };
      begun += this.event('response.content_part.added', { ...place, part });
    }
    this.#text = (this.#text ?? '') + text;
    return begun + this.event('response.reasoning_text.delta', { ...place, delta: text });
  }

  summary(paragraph: number, text: string): string {
    let out = this.#show();
    if (this.#paragraph !== paragraph) out += this.#endParagraph() + this.#beginParagraph(paragraph);
    const open = this.#summary.at(-1);
    if (open !== undefined) open['text'] = String(open['text']) + text;
    const place = { summary_index: this.#summary.length - 1 };
    return out + this.event('response.reasoning_summary_text.delta', { ...place, delta: text });
  }

  #beginParagraph(paragraph: number): string {
    this.#paragraph = paragraph;
    const part = { type: 'summary_text', text: '' };
    this.#summary.push({ ...part });
    return this.event('response.reasoning_summary_part.added', { summary_index: this.#summary.length - 1, part });
  }

  #endParagraph(): string {
    const part = this.#summary.at(-1);
    if (this.#paragraph === null || part === undefined) return '';
    this.#paragraph = null;
    const place = { summary_index: this.#summary.length - 1 };
    return (
      this.event('response.reasoning_summary_text.done', { ...place, text: part['text'] }) +
      this.event('response.reasoning_summary_part.done', { ...place, part })
    );
  }

  sign({ signature, encrypted }: Pick<SignatureSet, 'signature' | 'encrypted'>): string {
    const sealed = sealSignature({ signature, encrypted, id: this.#id }, FORMAT);
    if (sealed === undefined) return '';
    this.fields['encrypted_content'] = sealed;
    return this.#show();
  }

  end(extensions: Extensions | undefined): string {
    this.extend(extensions);
    const out = this.#endParagraph();
    if (this.#text === null) return out;
    const part = { type: 'reasoning_text', text: this.#text };
    this.fields['content'] = [part];
    return (
      out +
      this.event('response.reasoning_text.done', { content_index: 0, text: this.#text }) +
      this.event('response.content_part.done', { content_index: 0, part })
    );
  }

  over(): WrittenItem {
    return this;
  }
}
