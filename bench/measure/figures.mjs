/** Medians of rounds, and how they are written. */

export function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Median of the ratios round by round: what disturbs the machine for a while disturbs both sides of a round. */
export function ratioOf(values = [], base = []) {
  return median(values.slice(0, base.length).map((value, index) => value / base[index]));
}

/** Median, least and greatest of the rounds' values. */
export function spread(values) {
  const known = values.filter((value) => Number.isFinite(value));
  return { median: median(known), min: Math.min(...known), max: Math.max(...known), rounds: known.length };
}

export function number(value) {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `median (min–max)`; the range is left out where there was one round. */
export function withRange(figures) {
  if (figures === undefined || figures.rounds === 0) return '–';
  if (figures.rounds === 1) return number(figures.median);
  return `${number(figures.median)} (${number(figures.min)}–${number(figures.max)})`;
}

/** A table in plain text: first column to the left, the others to the right. */
export function table(header, rows) {
  const lines = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_name, column) => Math.max(...lines.map((row) => row[column].length)));
  const write = (row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ');
  return [write(lines[0]), widths.map((width) => '-'.repeat(width)).join('  '), ...lines.slice(1).map(write)].join(
    '\n',
  );
}
