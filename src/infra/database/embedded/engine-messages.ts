/** What the thread of the embedded database is started with. */
export interface EngineOptions {
  /** Absolute path; made when absent. */
  readonly directory: string;
  /** Archive of a fresh data directory, absolute path; `null` or absent file: the database makes one, which takes seconds and a gigabyte. */
  readonly seedFile: string | null;
}

export type EngineRequest =
  { readonly kind: 'execute'; readonly id: number; readonly bytes: Uint8Array } | { readonly kind: 'close' };

export type EngineReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'closed' }
  /** The database is unusable from here on; the thread ends. */
  | { readonly kind: 'failed'; readonly reason: string };
