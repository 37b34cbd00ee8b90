import type { Extensions } from '../../protocol/index.js';
import { jsonText } from '../fields.js';
import { askedField, askedIn } from './builtins.js';
import { type Out, type Page, WrittenItem, type WrittenPart } from './written-item.js';

/** What the events that bring the words of a call are named after; calls of other types tell them at their end only. */
const EVENTS: Readonly<Record<string, string>> = {
  function_call: 'response.function_call_arguments',
  custom_tool_call: 'response.custom_tool_call_input',
  mcp_call: 'response.mcp_call_arguments',
  code_interpreter_call: 'response.code_interpreter_call_code',
};

/** A call of a tool: the caller's, or the provider's own. */
export class WrittenCall extends WrittenItem implements WrittenPart {
  readonly #type: string;
  readonly #event: string | undefined;
  readonly #field: string;
  #head = '';
  #text = '';

  constructor(page: Page, fields: Out) {
    super(page, fields);
    this.#type = String(fields['type']);
    this.#event = Object.hasOwn(EVENTS, this.#type) ? EVENTS[this.#type] : undefined;
    this.#field = this.#type === 'function_call' ? 'arguments' : askedField(this.#type);
  }

  get #isCallers(): boolean {
    return this.#type === 'function_call' || this.#type === 'custom_tool_call';
  }

  override start(): string {
    const started = super.start();
    this.#head = `"item_id":${jsonText(this.fields['id'])},"output_index":${String(this.place)},"delta":`;
    return this.#isCallers ? started : started + this.event(`response.${this.#type}.in_progress`, {});
  }

  protected override beginning(): Out {
    return { [this.#field]: this.#isCallers || this.#event !== undefined ? '' : undefined };
  }

  words(text: string): string {
    this.#text += text;
    if (this.#event === undefined) return '';
    return this.page.writer.framed(`${this.#event}.delta`, this.#head + JSON.stringify(text));
  }

  end(extensions: Extensions | undefined): string {
    // Clients parse arguments, and nothing is no JSON.
    const isBlank = this.#type === 'function_call' && !this.page.own && this.#text.trim() === '';
    const filled = isBlank ? this.words('{}') : '';
    const value = this.#type === 'function_call' ? this.#text : askedIn(this.#type, this.#text);
    if (value !== undefined) this.fields[this.#field] = value;
    this.extend(extensions);
    return filled + this.#done(value) + this.#completed();
  }

  #done(value: unknown): string {
    if (this.#event === undefined) return '';
    const name = this.#type === 'function_call' ? { name: this.fields['name'] } : {};
    return this.event(`${this.#event}.done`, { ...name, [this.#field]: value });
  }

  #completed(): string {
    return this.#isCallers ? '' : this.event(`response.${this.#type}.completed`, {});
  }

  over(): WrittenItem {
    return this;
  }
}
