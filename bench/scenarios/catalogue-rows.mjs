/** Many keys and models as SQL, for PostgreSQL and the embedded store alike. The only place of the bench that knows the tables. */

const KEY_DIGITS = 43;
const DEFAULT_PROJECT = '00000000-0000-7000-8000-000000000002';

export const keyAt = (index) => `og-${String(index).padStart(KEY_DIGITS, '0')}`;
export const modelAt = (index) => `bench-${index}-whole`;

/** A UUID that tells table and row. */
const id = (table) => `('00000000-0000-7000-${table}-' || lpad(to_hex(i), 12, '0'))::uuid`;

/**
 * The triggers that announce each row are off while the rows are written (nothing listens), and one change of the revision
 * stands for all.
 */
export function catalogueSql({ keys, models, upstream }) {
  return `
    BEGIN;
    ALTER TABLE api_keys DISABLE TRIGGER USER;
    INSERT INTO models (id, name, model_id)
      SELECT ${id('9001')}, 'bench-' || i || '-whole', 'up-whole' FROM generate_series(1, ${models}) i;
    INSERT INTO model_backends (id, model_id, url)
      SELECT ${id('9002')}, ${id('9001')}, '${upstream}' FROM generate_series(1, ${models}) i;
    INSERT INTO api_keys (id, project_id, name, key_hash, key_prefix, scopes, rpm_limit, tpm_limit)
      SELECT ${id('9003')}, '${DEFAULT_PROJECT}', 'bench ' || i,
        encode(sha256(convert_to('og-' || lpad(i::text, ${KEY_DIGITS}, '0'), 'UTF8')), 'hex'),
        'og-' || lpad(i::text, 8, '0'), ARRAY['inference', 'metrics'], 1000000000, 1000000000000
      FROM generate_series(1, ${keys}) i;
    ALTER TABLE api_keys ENABLE TRIGGER USER;
    UPDATE revisions SET revision = revision + 1;
    COMMIT;
    ANALYZE;`;
}
