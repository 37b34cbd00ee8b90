import type { Extensible } from './format.js';

/** Where a cached prefix ends. Explicit breakpoints of a dialect are kept on their parts and tools, not here. */
export type PromptCacheBreakpoint =
  /** The encoder finds the place: the last tool, else the instructions. */
  | { readonly at: 'auto' }
  | { readonly at: 'end-of-tools' }
  | { readonly at: 'end-of-instructions' }
  | { readonly at: 'end-of-message'; readonly message: number }
  | { readonly at: 'end-of-part'; readonly message: number; readonly part: number };

/** What a call wants of the provider's prompt cache. */
export interface PromptCachePolicy extends Extensible {
  /** `required`: a target that cannot cache as asked refuses the request. */
  readonly mode: 'disabled' | 'best-effort' | 'required';
  /** Calls with the same key are sent where the cache is warm. */
  readonly key?: string | undefined;
  readonly retention?: 'default' | 'short' | 'long' | undefined;
  readonly breakpoint?: PromptCacheBreakpoint | undefined;
}
