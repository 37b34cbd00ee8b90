import type { CallBeginning, CallRecord } from '../../src/ledger/call-record.js';
import { uuidv7 } from '../../src/infra/crypto/uuid-v7.js';

/** A delivered call of nobody in particular; the id tells the time it began. */
export function aCallRecord(overrides: Partial<CallRecord> = {}): CallRecord {
  const startedAtMs = Date.parse(overrides.started_at ?? '2026-11-05T12:00:00.000Z');
  const id = overrides.id ?? uuidv7(startedAtMs);
  return {
    id,
    request_id: `req-${id}`,
    started_at: new Date(startedAtMs).toISOString(),
    org_id: '01900000-0000-7000-8000-000000000001',
    project_id: '01900000-0000-7000-8000-000000000002',
    key_id: '01900000-0000-7000-8000-000000000003',
    key_prefix: 'og-1a2b3c4d',
    path: '/v1/chat/completions',
    model: 'small',
    upstream_model: 'small-2026',
    provider: 'openai',
    backend_id: '01900000-0000-7000-8000-000000000004',
    status: 200,
    outcome: 'ok',
    error_kind: null,
    stream: false,
    attempts: 1,
    fallback: false,
    prompt_tokens: 12,
    completion_tokens: 34,
    total_tokens: 46,
    cached_tokens: 0,
    reasoning_tokens: 0,
    usage_source: 'upstream',
    duration_ms: 812.345,
    ttft_ms: 102.5,
    upstream_ms: 800.25,
    cost_nano_dollars: '123450',
    finish_reason: 'stop',
    input_hash: 'a3'.repeat(32),
    metadata: null,
    spend_day: new Date(startedAtMs).toISOString().slice(0, 10),
    price_id: null,
    price_source: null,
    usage_details: null,
    loss: null,
    ...overrides,
  };
}

/** What is known of `record` before it is sent. */
export function beginningOf(record: CallRecord): CallBeginning {
  const { id, request_id, started_at, org_id, project_id, key_id, key_prefix, path, model, upstream_model, stream } =
    record;
  return { id, request_id, started_at, org_id, project_id, key_id, key_prefix, path, model, upstream_model, stream };
}
