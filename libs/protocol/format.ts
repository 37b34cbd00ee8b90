/** The wire formats the canonical model is translated from and to. */
export type FormatId =
  | 'openai-chat'
  | 'openai-responses'
  | 'anthropic-messages'
  | 'gemini-generate-content'
  | 'bedrock-converse'
  | 'cohere-chat'
  | 'ollama-chat';

/** The wire formats of embeddings. */
export type EmbeddingFormatId =
  'openai-embeddings' | 'gemini-embed-content' | 'cohere-embed' | 'titan-embed' | 'bedrock-cohere-embed';

/** The wire formats of reranking. */
export type RerankFormatId = 'cohere-rerank' | 'jina-rerank';

export type AnyFormatId = FormatId | EmbeddingFormatId | RerankFormatId;

/** A JSON object nobody has checked. */
export type JsonFields = Readonly<Record<string, unknown>>;

/**
 * Fields a format has and the canonical model has not, exactly as they were written, under the format they came from.
 * An encoder of the same format writes them back; any other reports them as lost. `null` values are kept too (a format may
 * tell `null` from absent) and are never a loss.
 */
export type Extensions = Readonly<Partial<Record<AnyFormatId, JsonFields>>>;

/** What every object of the canonical model may carry beside its own fields. */
export interface Extensible {
  readonly extensions?: Extensions | undefined;
  /**
   * How its own format wrote it, where that knows several ways, in words of that format (`string` for a bare string in the
   * place of a list). Read only by an encoder of the format it came from; never a loss.
   */
  readonly form?: string | undefined;
}
