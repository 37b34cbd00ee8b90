import { isMarker, marker, type Redaction } from './redaction.js';

/** How a kind of secret looks. The first group, where there is one, is what stands before it and stays. */
interface SecretPattern {
  readonly kind: string;
  readonly expression: RegExp;
  /** Judges what was found; absent: it always is one. */
  readonly isSecret?: (found: string, glued: boolean) => boolean;
}

/** What one match may take at most; the rest of a longer one is taken behind it. */
const RUN = '{8,2000}';
const BASE64_CHARACTER = /[A-Za-z0-9+/=_-]/;
/** A run of base64 this long is a picture, a sound or a signature: what looks like a secret within is chance. */
const BLOB_CHARACTERS = 512;

const PATTERNS: readonly SecretPattern[] = [
  {
    kind: 'private_key',
    expression: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  },
  { kind: 'jwt', expression: /eyJ[\w-]{6,512}\.(?:[\w-]{4,8000}(?:\.[\w-]{0,8000}){1,3}|eyJ[\w-]{4,8000})/g },
  // OpenAI, Anthropic, OpenRouter, DeepSeek and everybody who followed them.
  {
    kind: 'api_key',
    expression: new RegExp(`sk-[\\w*-]${RUN}`, 'g'),
    isSecret: (found, glued) =>
      !glued || /^sk-(?:proj|ant|or|svcacct|admin|lf)-/.test(found) || isRandom(found.slice(3)),
  },
  // This gateway's own.
  {
    kind: 'api_key',
    expression: new RegExp(`oga?-[\\w-]${RUN}`, 'g'),
    isSecret: (found, glued) => {
      const tail = found.slice(found.indexOf('-') + 1);
      if (glued) return tail.length >= 40 && isRandom(tail);
      return tail.length >= 32 || (tail.length >= 20 && looksMade(tail));
    },
  },
  {
    kind: 'api_key',
    expression: new RegExp(
      `(?:gsk_|xai-|nvapi-|hf_|pplx-|r8_|fw_|tvly-|jina_|csk-|glpat-|npm_|gh[pousr]_|github_pat_|xox[abeoprs]-|[srp]k_(?:live|test)_|pk-lf-|lsv2_|whsec_)[\\w-]${RUN}`,
      'g',
    ),
    isSecret: (found, glued) => {
      const tail = found.slice(found.search(/[-_]/) + 1);
      return glued ? isRandom(tail) : tail.length >= 16 && (tail.length >= 40 || looksMade(tail));
    },
  },
  { kind: 'google_key', expression: /AIza[\w-]{20,100}/g },
  {
    kind: 'google_key',
    expression: /(?:ya29\.|GOCSPX-)[\w.-]{10,2000}|(?<![\w/])1\/\/0[\w-]{20,2000}|(?<!\w)AQ\.[\w-]{30,2000}/g,
  },
  { kind: 'aws_access_key', expression: /A(?:KIA|SIA|ROA|IDA|BIA|CCA)[A-Z0-9]{16}/g },
  {
    kind: 'aws_session_token',
    expression: /(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)(?:[A-Za-z0-9/+=]|%2[BbFf]|%3[Dd]){20,2000}/g,
  },
  {
    kind: 'api_key',
    expression: /ABSK(?:[A-Za-z0-9+/]|%2[BbFf]){40,2000}(?:=|%3[Dd]){0,2}|bedrock-api-key-[A-Za-z0-9+/=-]{20,2000}/g,
  },
  {
    kind: 'aws_secret',
    expression: /(?<![A-Za-z0-9/+_-])(\/{0,2}?)(?:[A-Za-z0-9/+]|%2[BbFf]){40}(?=\/{0,2}(?![A-Za-z0-9/+_-]))/g,
    isSecret: looksLikeAwsSecret,
  },
  { kind: 'aws_signature', expression: /(AWS4-HMAC-SHA256\s{0,5})Credential=[^\r\n"'<>]{1,2000}/g },
  {
    kind: 'bearer',
    expression: /(Bearer[ \t]{1,5})[\w.~+/=*-]{8,2000}/gi,
    isSecret: (found) => found.length >= 24 || !isProse(found),
  },
  { kind: 'basic', expression: /(\bBasic[ \t]{1,5})[A-Za-z0-9+/]{6,2000}={0,2}/gi, isSecret: isUserAndPassword },
  {
    kind: 'organisation',
    expression: /org[-_][A-Za-z0-9]{10,64}(?![A-Za-z0-9])/g,
    isSecret: (found, glued) => looksLikeId(found.slice(4), glued),
  },
  {
    kind: 'project',
    expression: /proj_[A-Za-z0-9]{10,64}(?![A-Za-z0-9])/g,
    isSecret: (found, glued) => looksLikeId(found.slice(5), glued),
  },
  {
    kind: 'user',
    expression: /user[-_][A-Za-z0-9]{10,64}(?![A-Za-z0-9])/g,
    isSecret: (found, glued) => looksLikeId(found.slice(5), glued),
  },
  { kind: 'account', expression: /(\barn:aws[a-z-]{0,20}:[a-z0-9-]{0,40}:[a-z0-9-]{0,40}:)\d{12}/g },
  { kind: 'account', expression: /(\/accounts\/)[0-9a-f]{32}/g },
  { kind: 'account', expression: /[\w.-]{1,100}@[a-z0-9-]{1,64}\.iam\.gserviceaccount\.com/g },
  {
    kind: 'project',
    expression: /(\bprojects\/)[a-z0-9][a-z0-9:.-]{2,62}(?=\/(?:locations|global|publishers|regions|endpoints)\b)/g,
  },
  { kind: 'project', expression: /(\bprojects\/|\bproject (?:number )?|[?&]project=)\d{8,20}/g },
  {
    kind: 'cookie',
    expression: /(\b(?:__cf_bm|_cfuvid|cf_clearance|JSESSIONID|PHPSESSID|connect\.sid)=)[^\s;"'\\<>]{1,2000}/g,
  },
  // A password in an address; its user as well, since tokens stand there too.
  { kind: 'credentials', expression: /(:\/\/)[^\s/:@"'\\<>?#]{0,200}:[^\s/@"'\\<>?#]{1,500}(?=@)/g },
];

/** Finds what looks like a secret wherever it stands. */
export function patternRedactions(text: string): Redaction[] {
  return PATTERNS.flatMap((pattern) => {
    const found: Redaction[] = [];
    for (const match of text.matchAll(pattern.expression)) {
      const start = match.index + (match[1]?.length ?? 0);
      const end = match.index + match[0].length;
      if (!isReal(text, pattern, start, end)) continue;
      found.push({ start, end: endOfRun(text, start, end), replacement: marker(pattern.kind) });
    }
    return found;
  });
}

function isReal(text: string, { isSecret }: SecretPattern, start: number, end: number): boolean {
  const glued = start > 0 && /[A-Za-z0-9]/.test(text[start - 1] ?? '');
  const secret = text.slice(start, end);
  if (isMarker(secret) || (isSecret !== undefined && !isSecret(secret, glued))) return false;
  return !isInsideBlob(text, start, end);
}

/** The marker of a name, unless the name is a secret itself. */
export function namedMarker(name: string): string {
  return name.length > 64 || patternRedactions(name).length > 0 ? marker('secret') : marker(name);
}

/** Where a secret really ends whose match was cut short at the most a match may take. */
function endOfRun(text: string, start: number, end: number): number {
  if (end - start < 2000) return end;
  let at = end;
  while (at < text.length && BASE64_CHARACTER.test(text[at] ?? '')) at++;
  return at;
}

/** Whether what was found is a small part of something long that begins well before it. */
function isInsideBlob(text: string, start: number, end: number): boolean {
  const before = text.slice(Math.max(0, start - BLOB_CHARACTERS), start);
  const ahead = /[\w+/=-]*$/.exec(before)?.[0].length ?? 0;
  if (ahead < 32) return false;
  const behind = /^[\w+/=-]*/.exec(text.slice(end, end + BLOB_CHARACTERS))?.[0].length ?? 0;
  return ahead + (end - start) + behind >= BLOB_CHARACTERS;
}

/** Long, and of all three of lower case, upper case and digits: no identifier and no title of a page. */
function isRandom(text: string): boolean {
  return text.length >= 20 && /\d/.test(text) && /[A-Z]/.test(text) && /[a-z]/.test(text);
}

/** Made by a machine rather than written: digits or upper case inside a word. */
export function looksMade(text: string): boolean {
  return /\d/.test(text) || /[a-z][A-Z]/.test(text);
}

/** A word, or several with hyphens between them, as in prose. */
export function isProse(text: string): boolean {
  return /^[A-Za-z]?[a-z]{0,40}(?:[-'][a-z]{1,40}){0,4}[.,;:!?)]{0,3}$/.test(text);
}

function looksLikeId(tail: string, glued: boolean): boolean {
  if (glued) return isRandom(tail);
  return tail.length >= 20 || (/\d/.test(tail) && /[A-Za-z]/.test(tail)) || /[a-z][A-Z]/.test(tail);
}

/** Forty characters of base64 that change their kind often: no hash (hex), no path, no name of a class. */
function looksLikeAwsSecret(text: string): boolean {
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text) || !/[\d/+]/.test(text) || text.startsWith('eyJ')) return false;
  if ((text.match(/\//g)?.length ?? 0) > 4) return false;
  const kinds = text.replace(/[a-z]/g, 'a').replace(/[A-Z]/g, 'b').replace(/\d/g, 'c');
  return kinds.replace(/(.)\1+/g, '$1').length > 10;
}

function isUserAndPassword(text: string): boolean {
  const plain = Buffer.from(text, 'base64').toString('latin1');
  return /^[\x20-\x7e]{1,200}:[\x20-\x7e]{0,2000}$/.test(plain);
}
