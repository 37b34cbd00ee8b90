import type { OpenAPIObject } from '@nestjs/swagger';
import type { CallRecord } from '../../ledger/call-record.js';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type SchemaObject = Exclude<Schemas[string], { $ref: string }>;

/** A call record with what its call is charged now. */
export type UsageRecordView = CallRecord & {
  /** Nano-dollars: the cost and every later correction of it; `null` while nobody knows a price. */
  charged_nano_dollars: string | null;
};

/** The fields of a record in the order of an export's columns, and what they hold. */
export const USAGE_FIELDS = {
  id: 'uuid',
  request_id: 'text',
  started_at: 'moment',
  org_id: 'uuid',
  project_id: 'uuid',
  key_id: 'uuid',
  key_prefix: 'text',
  path: 'text',
  model: 'text',
  upstream_model: 'text',
  provider: 'text',
  backend_id: 'text',
  status: 'integer',
  outcome: 'text',
  error_kind: 'text',
  stream: 'boolean',
  attempts: 'integer',
  fallback: 'boolean',
  prompt_tokens: 'integer',
  completion_tokens: 'integer',
  total_tokens: 'integer',
  cached_tokens: 'integer',
  reasoning_tokens: 'integer',
  usage_source: 'text',
  duration_ms: 'number',
  ttft_ms: 'number',
  upstream_ms: 'number',
  cost_nano_dollars: 'amount',
  charged_nano_dollars: 'amount',
  finish_reason: 'text',
  input_hash: 'text',
  metadata: 'object',
  spend_day: 'date',
  price_id: 'text',
  price_source: 'text',
  usage_details: 'object',
  loss: 'text',
} as const satisfies Record<keyof UsageRecordView, FieldKind>;

type FieldKind = 'uuid' | 'text' | 'moment' | 'integer' | 'number' | 'boolean' | 'amount' | 'object' | 'date';

const NEVER_NULL = new Set<string>([
  'id',
  'request_id',
  'started_at',
  'path',
  'status',
  'outcome',
  'stream',
  'attempts',
  'fallback',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'usage_source',
  'duration_ms',
  'spend_day',
]);

const KINDS: Record<FieldKind, SchemaObject> = {
  uuid: { type: 'string', format: 'uuid' },
  text: { type: 'string' },
  moment: { type: 'string', format: 'date-time' },
  integer: { type: 'integer' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  amount: { type: 'string', pattern: '^-?[0-9]+$', description: 'Nano-dollars.' },
  object: { type: 'object', additionalProperties: true },
  date: { type: 'string', format: 'date' },
};

/** A record as OpenAPI says it. */
export const USAGE_RECORD_SCHEMA: SchemaObject = {
  type: 'object',
  required: Object.keys(USAGE_FIELDS),
  properties: Object.fromEntries(
    Object.entries(USAGE_FIELDS).map(([name, kind]): [string, SchemaObject] => {
      const schema = KINDS[kind];
      if (NEVER_NULL.has(name)) return [name, schema];
      return [name, { ...schema, type: [schema.type, 'null'] as unknown as string }];
    }),
  ),
};
