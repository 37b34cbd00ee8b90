import type { ExportFormat } from './usage-query.dto.js';
import { USAGE_FIELDS, type UsageRecordView } from './usage-record.view.js';

const FIELDS = Object.keys(USAGE_FIELDS) as (keyof UsageRecordView)[];

/**
 * What spreadsheets take for a formula, after the blanks they skip. Such a cell gets an apostrophe in front, which makes it
 * text: https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;
const NEEDS_QUOTES = /[",\r\n]/;

/** The first line of an export; empty where there is none. */
export function exportHead(format: ExportFormat): string {
  return format === 'csv' ? `${FIELDS.join(',')}\r\n` : '';
}

/** A record as a line of an export: a row of CSV (RFC 4180), or an object of JSON. */
export function exportLine(format: ExportFormat, record: UsageRecordView): string {
  if (format === 'ndjson') return `${JSON.stringify(record)}\n`;
  let line = '';
  for (const field of FIELDS) line += `${line === '' ? '' : ','}${cell(record[field])}`;
  return `${line}\r\n`;
}

function cell(value: UsageRecordView[keyof UsageRecordView]): string {
  if (value === null) return '';
  if (typeof value !== 'string') return typeof value === 'object' ? quoted(JSON.stringify(value)) : String(value);
  return quoted(FORMULA.test(value) && !isAmount(value) ? `'${value}` : value);
}

/** A negative amount is a number and no formula. */
const isAmount = (text: string): boolean => /^-?\d+$/.test(text);

const quoted = (text: string): string => (NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
