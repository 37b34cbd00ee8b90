/**
 * Writes docs/conversion.md by asking the built formats: each is given one thing at a time, and what it writes and reports is
 * the row. Run it after a build.
 *
 *     node scripts/conversion-doc.mjs            writes the page
 *     node scripts/conversion-doc.mjs --check    writes nothing; exit code 1 when the page is stale
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ANSWER_PROBES, BASE_ANSWER, BASE_REQUEST, REASONS, REQUEST_PROBES } from './conversion-probes.mjs';
import { wholeSections } from './conversion-whole.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = join(root, 'docs', 'conversion.md');
const built = join(root, 'dist', 'libs', 'wire', 'index.js');
const protocol = join(root, 'dist', 'libs', 'protocol', 'index.js');

const INTRODUCTION = `# Conversion

<!-- Made by scripts/conversion-doc.mjs by asking libs/wire. Do not edit: run the script again. -->

What of a call each format carries, where it stands there, and what is lost on the way into it. A request or an answer is
read into one model (\`libs/protocol\`) and written from it, so two tables a format say what any pair of formats does. Whatever is
lost is in the loss report of the call, with its path in the model and the reason as it stands here.

- *On the wire* are the fields that one more thing adds; \`[]\` is any element of a list. A dash: nothing is written.
- Within one format nothing is lost: unknown fields come back as they were.
- A limit or another field that the target requires is filled in; that is no loss. Names of schemas are labels of OpenAI's.
- An effort becomes tokens (minimal and low 1024, medium 8192, high 24576, xhigh 32768, max 65536) without loss; tokens become an
  effort with one.
- What single providers of a format refuse is left out and reported too (\`refused by the provider\`).
`;

const MAX_FIELDS = 5;

/** Every leaf of a JSON value: path → value. */
function leaves(value, path = '', into = new Map()) {
  if (Array.isArray(value) && value.length > 0) value.forEach((one, index) => leaves(one, `${path}[${index}]`, into));
  else if (value !== null && typeof value === 'object' && Object.keys(value).length > 0)
    for (const [name, one] of Object.entries(value)) leaves(one, path === '' ? name : `${path}.${name}`, into);
  else into.set(path, JSON.stringify(value));
  return into;
}

/** The fields that are in one and not, or not so, in the other. */
function added(value, base) {
  const before = leaves(JSON.parse(JSON.stringify(base)));
  const now = [...leaves(JSON.parse(JSON.stringify(value)))].filter(
    ([path, one]) => before.get(path) !== one && one !== '[]' && one !== '{}',
  );
  const names = [...new Set(now.map(([path]) => path.replace(/\[\d+\]/g, '[]')))];
  return names.length > MAX_FIELDS ? shortened(names) : names;
}

/** The paths cut at the first level that tells few enough apart. */
function shortened(names) {
  const depth = Math.max(...names.map((name) => name.split('.').length));
  for (let level = depth - 1; level > 0; level--) {
    const cut = [...new Set(names.map((name) => name.split('.').slice(0, level).join('.')))];
    if (cut.length <= MAX_FIELDS) return cut;
  }
  return names.slice(0, MAX_FIELDS);
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const codes = (names) => (names.length === 0 ? '–' : names.map((name) => `\`${name}\``).join(', '));
const lostIn = ({ reasons }) =>
  reasons.map(({ path, reason }) => `${path === '' ? '' : `\`${path}\`: `}${reason}`).join('; ');

function table(head, rows) {
  return [
    `| ${head.join(' | ')} |`,
    `|${' --- |'.repeat(head.length)}`,
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  ].join('\n');
}

/** What is compared: the base with the same tools, so that a row shows its own field only. */
function baseOf(probe) {
  const hasOther = Object.keys(probe).some((name) => name !== 'tools');
  return hasOther && probe.tools !== undefined ? { ...BASE_REQUEST, tools: probe.tools } : BASE_REQUEST;
}

function requestRows(format, LossReport) {
  const write = (request) => {
    const report = new LossReport(undefined, format.id);
    const { body } = format.encodeRequest(request, { report });
    return { body, summary: report.summary() };
  };
  return REQUEST_PROBES.map(([name, more]) => {
    const probe = typeof more === 'function' ? more(format.id) : more;
    const { body, summary } = write({ ...BASE_REQUEST, ...probe });
    return [name, codes(added(body, write(baseOf(probe)).body)), lostIn(summary)];
  });
}

function answerRows(format, LossReport) {
  const write = (answer) => {
    const report = new LossReport(undefined, format.id);
    const body = format.encodeAnswer(answer, { report, id: 'a-1', created: 1, model: null });
    return { body, summary: report.summary() };
  };
  const base = write(BASE_ANSWER).body;
  return ANSWER_PROBES.map(([name, more]) => {
    const { body, summary } = write({ ...BASE_ANSWER, ...more });
    return [name, codes(added(body, base)), lostIn(summary)];
  });
}

/** What each reason of the model is called, found by writing an answer that ends so. */
function reasonRows(format, LossReport) {
  return REASONS.map((reason) => {
    const report = new LossReport(undefined, format.id);
    const choices = [{ index: 0, parts: [{ type: 'text', text: 'hi' }], finish: { reason } }];
    const body = format.encodeAnswer({ ...BASE_ANSWER, choices }, { report, id: 'a-1', created: 1, model: null });
    const words = Object.keys(format.finishReasons);
    const word = [...leaves(JSON.parse(JSON.stringify(body))).values()]
      .map((one) => JSON.parse(one))
      .find((one) => words.includes(one));
    const read = words.filter((one) => format.finishReasons[one] === reason);
    return [`\`${reason}\``, codes(read), word === undefined ? '–' : `\`${word}\``, lostIn(report.summary())];
  });
}

function sectionOf(format, LossReport) {
  return [
    `## \`${format.id}\``,
    '',
    'Requests:',
    '',
    table(['In the model', 'On the wire', 'Lost'], requestRows(format, LossReport)),
    '',
    'Answers, whole or streamed:',
    '',
    table(['In the model', 'On the wire', 'Lost'], answerRows(format, LossReport)),
    '',
    'Why an answer ends:',
    '',
    table(['In the model', 'Read from', 'Written as', 'Lost'], reasonRows(format, LossReport)),
    '',
  ].join('\n');
}

if (!existsSync(built)) {
  process.stderr.write('There is no build: run "npm run build" first.\n');
  process.exit(2);
}
const { EMBEDDING_FORMATS, RERANK_FORMATS, WIRE_FORMATS } = await import(pathToFileURL(built).href);
const { LossReport, usageOf } = await import(pathToFileURL(protocol).href);
const formats = Object.values(WIRE_FORMATS);
const whole = wholeSections(
  { embeddings: EMBEDDING_FORMATS, rerank: RERANK_FORMATS },
  { LossReport, usageOf },
  { added, codes, lostIn, table },
);
const text = [INTRODUCTION, ...formats.map((format) => sectionOf(format, LossReport)), ...whole].join('\n');

if (!process.argv.includes('--check')) {
  writeFileSync(page, text);
} else if (!existsSync(page) || readFileSync(page, 'utf8') !== text) {
  process.stderr.write('docs/conversion.md is stale: run "node scripts/conversion-doc.mjs" after a build.\n');
  process.exit(1);
}
