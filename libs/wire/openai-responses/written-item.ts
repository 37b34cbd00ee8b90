import type { Citation, Extensions, SignatureSet } from '../../protocol/index.js';
import { writeExtensions } from '../fields.js';
import type { EventWriter, Output } from './event-writer.js';
import { FORMAT } from './shapes.js';

export type Out = Record<string, unknown>;

/** A part being written. What a kind of part cannot tell it has no method for. */
export interface WrittenPart {
  words(text: string): string;
  summary?(paragraph: number, text: string): string;
  /** @returns `null` where the format cannot cite it */
  cite?(citation: Citation): string | null;
  sign?(signed: Pick<SignatureSet, 'signature' | 'encrypted'>): string;
  logprobs?(tokens: readonly Out[]): string;
  end(extensions: Extensions | undefined): string;
  /** The item it stands in, where that is over with it. */
  over(): WrittenItem | null;
}

/** Where items are written. */
export interface Page {
  readonly writer: EventWriter;
  readonly output: Output;
  /** Whether the answer came in this very format. */
  readonly own: boolean;
}

/** An item of the output being written. */
export abstract class WrittenItem {
  protected readonly page: Page;
  /** As the end tells it. */
  protected readonly fields: Out;
  #place = -1;

  constructor(page: Page, fields: Out) {
    this.page = page;
    this.fields = fields;
  }

  get place(): number {
    return this.#place;
  }

  /** Whether the caller knows of it. */
  protected get shown(): boolean {
    return this.#place >= 0;
  }

  start(): string {
    const { writer, output } = this.page;
    this.#place = output.add(this.fields);
    const { status } = this.fields;
    const item = { ...this.fields, ...(status === undefined ? {} : { status: 'in_progress' }), ...this.beginning() };
    return writer.event('response.output_item.added', { output_index: this.#place, item });
  }

  /** The last of it. Nothing where it never began. */
  close(status: string): string {
    if (!this.shown) return '';
    if (this.fields['status'] !== undefined) this.fields['status'] = status;
    const { writer } = this.page;
    return writer.event('response.output_item.done', { output_index: this.#place, item: this.fields });
  }

  /** Fields of the item as they are before anything is known of it. */
  protected beginning(): Out {
    return {};
  }

  /** An event about the item. */
  protected event(type: string, fields: Out): string {
    return this.page.writer.event(type, { item_id: this.fields['id'], output_index: this.#place, ...fields });
  }

  protected extend(extensions: Extensions | undefined): void {
    writeExtensions(this.fields, extensions, FORMAT);
  }
}

/** An item that comes at once. */
export class WholeItem extends WrittenItem {
  protected override beginning(): Out {
    // A picture is not there before it is made.
    return typeof this.fields['result'] === 'string' ? { result: null } : {};
  }
}
