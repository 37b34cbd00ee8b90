import type { RerankFormatId, RerankResult } from '../protocol/index.js';
import { isFields, numberOf, restOf, type Shape } from './fields.js';
import { decodeResultDocument } from './rerank-documents.js';

/** The results of an answer; `null` where one of them names no document or score. */
export function decodeResults(
  list: readonly unknown[] | undefined,
  format: RerankFormatId,
  table: Shape,
): readonly RerankResult[] | null {
  if (list === undefined) return null;
  const results: RerankResult[] = [];
  for (const value of list) {
    if (!isFields(value)) return null;
    const index = numberOf(value, 'index');
    const score = numberOf(value, 'relevance_score') ?? numberOf(value, 'score');
    if (index === undefined || score === undefined || !Number.isInteger(index) || index < 0) return null;
    results.push({
      index,
      score,
      document: decodeResultDocument(value['document']),
      extensions: restOf(value, table, format),
      form: numberOf(value, 'relevance_score') === undefined ? 'score' : undefined,
    });
  }
  return results;
}
