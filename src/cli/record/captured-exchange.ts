/** An exchange as it passed, before anything was taken out of it. */
export interface CapturedExchange {
  readonly method: string;
  /** The upstream's, with its port where it is not the usual one. */
  readonly host: string;
  /** As sent to the upstream, with the query. */
  readonly path: string;
  /** Name, value, name, value…, as received. */
  readonly requestHeaders: readonly string[];
  readonly requestBody: Buffer;
  readonly status: number;
  readonly responseHeaders: readonly string[];
  /** One buffer a read from the network. */
  readonly responseChunks: readonly Buffer[];
  /** What kept the answer from its end; `null` when it is whole. */
  readonly cut: string | null;
}
