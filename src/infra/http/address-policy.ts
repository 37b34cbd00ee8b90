import { BlockList, isIP } from 'node:net';
import { GatewayError } from '../../../libs/protocol/index.js';

/** Who gave a URL. An administrator may name private hosts; a project may name public https hosts only. */
export type UrlOrigin = 'administrator' | 'project';

const MAX_URL_CHARACTERS = 2048;
type Range = readonly [network: string, prefix: number];

/** Never the address of a model server: this host, links, cloud metadata, multicast, broadcast. */
const NEVER_V4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['100.100.100.200', 32], // metadata of Alibaba Cloud
  ['168.63.129.16', 32], // wire server of Azure
  ['169.254.0.0', 16], // link-local; metadata of AWS, Google, Azure and most others
  ['192.0.0.192', 32], // metadata of Oracle Cloud
  ['224.0.0.0', 4],
  ['255.255.255.255', 32],
];
const NEVER_V6: readonly Range[] = [
  ['::', 128],
  ['fd00:ec2::254', 128], // metadata of AWS
  ['fd20:ce::254', 128], // metadata of Google Cloud
  ['fe80::', 10],
  ['ff00::', 8],
];

/** Not reachable over the public internet (IANA special-purpose address registries). */
const PRIVATE_V4: readonly Range[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['240.0.0.0', 4],
];
/** Parts of the global unicast range 2000::/3 that are not public. */
const PRIVATE_V6: readonly Range[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];
const PUBLIC_V6: readonly Range[] = [['2000::', 3]];

/** Names that stand for a metadata service, whatever they resolve to. */
const METADATA_NAMES: ReadonlySet<string> = new Set(['metadata', 'metadata.google.internal', 'metadata.goog']);
/** Last labels that no public name has (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`). */
const PRIVATE_SUFFIXES: readonly string[] = ['localhost', 'local', 'internal', 'home.arpa', 'lan', 'intranet'];

const never = blockList(NEVER_V4, NEVER_V6);
const notPublic = blockList(PRIVATE_V4, PRIVATE_V6);
const globalUnicast = blockList([], PUBLIC_V6);

/**
 * Why no connection may be made to an address, or `null` if one may. For use after name resolution, at connect time.
 * @param hostAllowed the host that resolved to it is on the allow list; lifts only what concerns private addresses
 */
export function addressRefusal(ip: string, origin: UrlOrigin, hostAllowed = false): string | null {
  const bare = ip.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 0) return `${ip} is not an IP address`;
  for (const candidate of family === 6 ? [bare, ...embeddedV4(bare)] : [bare]) {
    if (never.check(candidate, familyName(candidate))) {
      return `${ip} is a link-local, metadata, multicast or unspecified address`;
    }
    if (origin === 'project' && !hostAllowed && !isPublic(candidate)) return `${ip} is not a public address`;
  }
  return null;
}

/**
 * Reads the URL of a server and judges what can be judged before name resolution.
 * @param allowList hosts (`host`, `host:port` or a URL) that projects may name although private or plain http
 * @throws GatewayError invalid_request, its `param` the given one
 */
export function checkUrl(text: string, origin: UrlOrigin, allowList: readonly string[], param = 'url'): URL {
  const refuse = (why: string): never => {
    throw new GatewayError('invalid_request', `${param} ${why}`, { param });
  };
  const url = readUrl(text, refuse);
  const host = canonicalHost(url.hostname);
  const allowed = isAllowed(host, url, allowList);
  if (METADATA_NAMES.has(host)) refuse('names a metadata service');
  if (origin === 'project' && !allowed) checkPublic(url, host, refuse);
  if (isIP(host) !== 0) {
    const refusal = addressRefusal(host, origin, allowed);
    if (refusal !== null) refuse(`is refused: ${refusal}`);
  }
  return url;
}

/**
 * Reads the URL of a webhook of a project or an organisation. Unlike a server's it may have a query: many receivers keep their
 * token in it.
 * @returns whether its host is on the allow list besides
 * @throws GatewayError invalid_request, its `param` the given one
 */
export function checkWebhookUrl(
  text: string,
  allowList: readonly string[],
  param = 'url',
): { url: URL; hostAllowed: boolean } {
  const [base = '', ...query] = text.split('?');
  const server = checkUrl(base, 'project', allowList, param);
  const whole = base + (query.length === 0 ? '' : `?${query.join('?')}`);
  if (whole.length > MAX_URL_CHARACTERS || /[^\u0021-\u007e]|[\\#]/.test(whole)) {
    throw new GatewayError('invalid_request', `${param} is too long or has characters a URL cannot have`, { param });
  }
  return { url: new URL(whole), hostAllowed: isAllowed(canonicalHost(server.hostname), server, allowList) };
}

/** Whether a URL's host is on the allow list: then it may be private. */
export function isHostAllowed(text: string, allowList: readonly string[]): boolean {
  const url = new URL(text);
  return isAllowed(canonicalHost(url.hostname), url, allowList);
}

type Refuse = (why: string) => never;

function readUrl(text: string, refuse: Refuse): URL {
  if (text.length > MAX_URL_CHARACTERS) refuse(`is longer than ${MAX_URL_CHARACTERS} characters`);
  // The URL parser silently drops or rewrites these; what was judged must be what was written.
  if (/[\u0000-\u0020\u007f\\]/.test(text)) refuse('must not contain white space, control characters or backslashes');
  if (!/^https?:\/\/[^/]/i.test(text)) refuse('must begin with http:// or https:// and a host');
  if (/[?#]/.test(text)) refuse('must not have a query or a fragment');
  if ((text.split('/')[2] ?? '').includes('@')) refuse('must not contain a user name or password');
  if (!URL.canParse(text)) refuse('is not a valid URL');
  const url = new URL(text);
  if (url.port === '0') refuse('must not use port 0');
  return url;
}

function checkPublic(url: URL, host: string, refuse: Refuse): void {
  if (url.protocol !== 'https:') refuse('must use https');
  if (isIP(host) !== 0) return;
  const local = !host.includes('.') || PRIVATE_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));
  if (local) refuse('must name a public host');
}

/** Lower case, no brackets, no trailing dot: one spelling for each host. */
function canonicalHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.+$/, '');
}

function isAllowed(host: string, url: URL, allowList: readonly string[]): boolean {
  const port = url.port === '' ? defaultPort(url.protocol) : url.port;
  return allowList.some((entry) => {
    const text = /^[a-z]+:\/\//i.test(entry) ? entry : `${url.protocol}//${isIP(entry) === 6 ? `[${entry}]` : entry}`;
    if (!URL.canParse(text)) return false;
    const allowed = new URL(text);
    if (canonicalHost(allowed.hostname) !== host) return false;
    const named = namesPort(entry) || entry.includes('://');
    return !named || (allowed.port === '' ? defaultPort(allowed.protocol) : allowed.port) === port;
  });
}

function namesPort(entry: string): boolean {
  return isIP(entry) !== 6 && /:\d+$/.test(entry);
}

function defaultPort(protocol: string): string {
  return protocol === 'https:' ? '443' : '80';
}

function isPublic(ip: string): boolean {
  const family = familyName(ip);
  if (notPublic.check(ip, family)) return false;
  return family === 'ipv4' || globalUnicast.check(ip, 'ipv6');
}

/**
 * IPv4 addresses carried inside an IPv6 one: mapped, compatible and translated forms (RFC 4291, RFC 2765), NAT64 (RFC 6052, RFC 8215),
 * 6to4 (RFC 3056) and Teredo's server and client (RFC 4380).
 */
function embeddedV4(ip: string): string[] {
  const words = wordsOf(ip);
  const at = (index: number): number => words[index] as number;
  const pair = (index: number): string => dotted(at(index), at(index + 1));
  const startsWith = (...prefix: number[]) => prefix.every((word, index) => at(index) === word);
  const found: string[] = [];
  if (startsWith(0, 0, 0, 0, 0, 0xffff) || startsWith(0, 0, 0, 0, 0xffff, 0)) found.push(pair(6));
  // `::1` and its neighbours are no IPv4 addresses.
  if (startsWith(0, 0, 0, 0, 0, 0) && at(6) !== 0) found.push(pair(6));
  if (startsWith(0x64, 0xff9b)) found.push(pair(6));
  if (startsWith(0x64, 0xff9b, 1)) found.push(dotted(at(3), ((at(4) & 0xff) << 8) | (at(5) >>> 8)));
  if (startsWith(0x2002)) found.push(pair(1));
  if (startsWith(0x2001, 0)) found.push(pair(2), dotted(at(6) ^ 0xffff, at(7) ^ 0xffff));
  return found;
}

/** The eight 16-bit words of a valid IPv6 address. */
function wordsOf(ip: string): number[] {
  const hex = ip.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_whole, ...parts: string[]) => {
    const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [left = '', right] = hex.split('::');
  const read = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const head = read(left);
  const tail = read(right ?? '');
  const gap = right === undefined ? 0 : 8 - head.length - tail.length;
  return [...head, ...Array.from({ length: gap }, () => 0), ...tail];
}

function dotted(high: number, low: number): string {
  return `${high >>> 8}.${high & 0xff}.${low >>> 8}.${low & 0xff}`;
}

function familyName(ip: string): 'ipv4' | 'ipv6' {
  return isIP(ip) === 4 ? 'ipv4' : 'ipv6';
}

function blockList(v4: readonly Range[], v6: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of v4) list.addSubnet(network, prefix, 'ipv4');
  for (const [network, prefix] of v6) list.addSubnet(network, prefix, 'ipv6');
  return list;
}
