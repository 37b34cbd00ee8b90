import type { Citation, Extensions, Part } from '../../protocol/index.js';
import { jsonText, writeExtensions } from '../fields.js';
import { encodeAnnotation } from './encode-parts.js';
import { KeptText } from './kept-text.js';
import { FORMAT } from './shapes.js';
import { type Out, type Page, WrittenItem, type WrittenPart } from './written-item.js';

/** A message of the model. Its texts may follow one another; it is over when something else follows. */
export class WrittenMessage extends WrittenItem {
  readonly #content: Out[] = [];
  #open = 0;

  constructor(page: Page, fields: Out) {
    super(page, fields);
    fields['content'] = this.#content;
  }

  protected override beginning(): Out {
    return { content: [] };
  }

  /** Whether nothing in it is open. */
  get idle(): boolean {
    return this.#open === 0;
  }

  /** @param part of the content, as it is before it has words */
  begin(part: Out, type: Part['type']): WrittenText {
    this.#open++;
    const index = this.#content.push(part) - 1;
    return new WrittenText(this, part, { type, index });
  }

  /** @returns whether all in it has ended */
  ended(): void {
    this.#open--;
  }

  /** Where the events of a part belong. */
  placeOf(index: number): string {
    const place = { item_id: this.fields['id'], output_index: this.place, content_index: index };
    return jsonText(place).slice(1, -1);
  }

  write(type: string, body: string): string {
    return this.page.writer.framed(type, body);
  }
}

/** A text or a refusal in a message. */
export class WrittenText implements WrittenPart {
  readonly #message: WrittenMessage;
  readonly #part: Out;
  readonly #place: string;
  readonly #isText: boolean;
  readonly #annotations: Out[] = [];
  readonly #logprobs: Out[] = [];
  readonly #text = new KeptText();

  constructor(message: WrittenMessage, part: Out, { type, index }: { type: Part['type']; index: number }) {
    this.#message = message;
    this.#part = part;
    this.#isText = type !== 'refusal';
    this.#place = message.placeOf(index);
    if (!this.#isText) return;
    part['annotations'] = this.#annotations;
    part['logprobs'] = this.#logprobs;
  }

  start(): string {
    return this.#message.write('response.content_part.added', `${this.#place},"part":${jsonText(this.#part)}`);
  }

  words(text: string): string {
    this.#text.add(text);
    const delta = `${this.#place},"delta":${JSON.stringify(text)}`;
    if (!this.#isText) return this.#message.write('response.refusal.delta', delta);
    return this.#message.write('response.output_text.delta', `${delta},"logprobs":[]`);
  }

  cite(citation: Citation): string | null {
    const annotation = encodeAnnotation({ start: 0, end: this.#text.length, ...citation });
    if (annotation === null || !this.#isText) return null;
    const index = this.#annotations.push(annotation) - 1;
    return this.#message.write(
      'response.output_text.annotation.added',
      `${this.#place},"annotation_index":${String(index)},"annotation":${jsonText(annotation)}`,
    );
  }

  /** Other formats tell the probabilities of tokens behind their words. */
  logprobs(tokens: readonly Out[]): string {
    if (!this.#isText) return '';
    this.#logprobs.push(...tokens);
    return this.#message.write(
      'response.output_text.delta',
      `${this.#place},"delta":"","logprobs":${jsonText(tokens)}`,
    );
  }

  end(extensions: Extensions | undefined): string {
    this.#message.ended();
    writeExtensions(this.#part, extensions, FORMAT);
    const field = this.#isText ? 'text' : 'refusal';
    const text = this.#text.whole();
    this.#part[field] = text;
    const done = `${this.#place},"${field}":${jsonText(text)}`;
    return (
      (this.#isText
        ? this.#message.write('response.output_text.done', `${done},"logprobs":${jsonText(this.#logprobs)}`)
        : this.#message.write('response.refusal.done', done)) +
      this.#message.write('response.content_part.done', `${this.#place},"part":${jsonText(this.#part)}`)
    );
  }

  over(): WrittenItem | null {
    return this.#message.idle ? this.#message : null;
  }
}
