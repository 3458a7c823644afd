import { isIP, SocketAddress } from 'node:net';
import type { FastifyRequest, FastifyServerOptions } from 'fastify';

/** A peer without an address came over a local socket. */
const LOCAL = '127.0.0.1';
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;

/**
 * Fastify's `trustProxy` for a list of addresses and CIDR blocks: only what these peers say in `X-Forwarded-*` counts,
 * read from the right up to the first address that is not one of them. Without any, the headers are ignored.
 */
export function trustProxyOption(trustedProxies: readonly string[]): FastifyServerOptions['trustProxy'] {
  return trustedProxies.length > 0 ? [...trustedProxies] : false;
}

/**
 * The address that a request came from, in canonical form. Where a trusted proxy passed on something that is no
 * address, it is the proxy's own: an attempt limit may then hit too many, never nobody.
 */
export function clientAddress(request: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return normalizeAddress(request.ip) ?? normalizeAddress(request.socket.remoteAddress ?? '') ?? LOCAL;
}

/** IPv4 as it is, also where it comes mapped into IPv6; IPv6 after RFC 5952 and without its zone. Else null. */
export function normalizeAddress(text: string): string | null {
  const family = isIP(text);
  if (family === 0) return null;
  if (family === 4) return text;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return MAPPED_IPV4.exec(address)?.[1] ?? address;
}

/**
 * The block of IPv6 that an address lies in, such as `2001:db8:1:2::/64`; IPv4 as it is. Attempts are counted by /64,
 * because that is the least that one customer is given (RFC 6177) and each holds more addresses than could ever be
 * counted one by one.
 */
export function addressBlockOf(address: string, bits: 48 | 64 = 64): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const leading = head === '' ? [] : head.split(':');
  const trailing = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - leading.length - trailing.length;
  const groups = [...leading, ...Array<string>(zeros).fill('0'), ...trailing];
  return `${groups.slice(0, bits / 16).join(':')}::/${bits}`;
}
