import { jsonText } from '../fields.js';

type Out = Record<string, unknown>;

/** Frames the events of one stream and numbers them. */
export class EventWriter {
  #number = 0;

  event(type: string, fields: Out): string {
    return this.framed(type, jsonText(fields).slice(1, -1));
  }

  /** @param body JSON members without the braces around them */
  framed(type: string, body: string): string {
    const members = body === '' ? '' : `,${body}`;
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${String(this.#number++)}${members}}\n\n`;
  }
}

/** The items of a response as they are written, in the order of their beginnings. */
export class Output {
  readonly items: Out[] = [];

  /** @returns the item's place */
  add(item: Out): number {
    return this.items.push(item) - 1;
  }
}
