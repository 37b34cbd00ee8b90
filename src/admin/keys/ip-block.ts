import { isIP } from 'node:net';

/** Whether `value` is an IPv4 or IPv6 address, or a CIDR block of them. A zone (`fe80::1%eth0`) means nothing across hosts. */
export function isIpBlock(value: unknown): boolean {
  if (typeof value !== 'string' || value.includes('%')) return false;
  const [address = '', bits, ...rest] = value.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  return /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}
