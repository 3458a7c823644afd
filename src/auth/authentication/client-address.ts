import { isIP, SocketAddress } from 'node:net';
import { Logger } from '@nestjs/common';
import type { FastifyRequest, FastifyServerOptions } from 'fastify';
import { matchAddresses } from '../../config/address-blocks.js';

/** A peer without an address came over a local socket. */
const LOCAL = '127.0.0.1';
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
/** An entry of `X-Forwarded-For` as some gateways write it: `203.0.113.7:50001`, `[2001:db8::7]:50001`, `[2001:db8::7]`. */
const WITH_PORT = /^(?:\[([^\]]{2,45})\]|(\d{1,3}(?:\.\d{1,3}){3}))(?::\d{1,5})?$/;
/** Maximum number of proxies whose malformed entries are logged. */
const MAX_REPORTED_PROXIES = 100;
/** Maximum number of characters of a malformed entry that are logged. */
const MAX_LOGGED_LENGTH = 100;

const reportedProxies = new Set<string>();

/** Whether an address, with or without a port, is one of the trusted proxies. */
export type TrustsProxy = (address: string) => boolean;

/** @param trustedProxies addresses and CIDR blocks, checked by the configuration; when empty, no proxy is trusted */
export function trustedProxyCheck(trustedProxies: readonly string[]): TrustsProxy {
  const isTrusted = matchAddresses(trustedProxies);
  return (entry) => isTrusted(forwardedAddress(entry) ?? '');
}

/**
 * Fastify's `trustProxy` for a list of addresses and CIDR blocks: only what these peers say in `X-Forwarded-*` counts,
 * read from the right up to the first address that is not one of them. Without any, the headers are ignored.
 */
export function trustProxyOption(trustedProxies: readonly string[]): FastifyServerOptions['trustProxy'] {
  return trustedProxies.length > 0 && trustedProxyCheck(trustedProxies);
}

/**
 * The address that a request came from, in canonical form. Where a trusted proxy passed on something that is no
 * address, it is the proxy's own, so that a rate limit still applies. That is logged once per proxy.
 */
export function clientAddress(request: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  const { remoteAddress = '' } = request.socket;
  const peer = normalizeAddress(remoteAddress) ?? LOCAL;
  if (request.ip === remoteAddress) return peer;
  // Without a peer's address there is nothing that it could have forwarded.
  const address = forwardedAddress(request.ip ?? '');
  if (address === null && request.ip) reportMalformed(peer, request.ip);
  return address ?? peer;
}

/** The address of an entry of `X-Forwarded-For`, with or without a port, in canonical form. Else null. */
export function forwardedAddress(entry: string): string | null {
  const [, ipv6, ipv4] = WITH_PORT.exec(entry) ?? [];
  return normalizeAddress(ipv6 ?? ipv4 ?? entry);
}

function reportMalformed(proxy: string, entry: string): void {
  if (reportedProxies.has(proxy) || reportedProxies.size >= MAX_REPORTED_PROXIES) return;
  reportedProxies.add(proxy);
  const shown = JSON.stringify(entry.slice(0, MAX_LOGGED_LENGTH));
  new Logger('TrustedProxies').warn(
    `The proxy ${proxy} forwards ${shown} in X-Forwarded-For, which is no IP address; its clients share its own address`,
  );
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
 * because that is the minimum that one customer is given (RFC 6177) and each holds more addresses than could ever be
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
