import type { Message, Part } from '../protocol/index.js';

/** The instructions that stand before everything else, and the rest. */
export interface SplitMessages {
  readonly leading: readonly Message[];
  readonly rest: readonly Message[];
  /** How many messages were taken off: what the first of `rest` is called in paths. */
  readonly offset: number;
}

export function isInstruction(message: Message): boolean {
  return message.role === 'system' || message.role === 'developer';
}

/** For formats that keep instructions in a field of their own. */
export function splitInstructions(messages: readonly Message[]): SplitMessages {
  let offset = 0;
  while (offset < messages.length && isInstruction(messages[offset]!)) offset++;
  return { leading: messages.slice(0, offset), rest: messages.slice(offset), offset };
}

/** The texts of parts, joined; parts that are no text are left to the caller. */
export function joinedText(parts: readonly Part[], between: string): string {
  let text = '';
  let first = true;
  for (const part of parts) {
    if (part.type !== 'text') continue;
    text = first ? part.text : `${text}${between}${part.text}`;
    first = false;
  }
  return text;
}
