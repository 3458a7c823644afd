import { BlockList, isIP } from 'node:net';

/** Whether an IP address lies in a set of addresses and blocks. False for text that is no address. */
export type AddressMatcher = (address: string) => boolean;

/**
 * A matcher of addresses and CIDR blocks (RFC 4632). An IPv4 block also contains its addresses mapped into IPv6
 * (`::ffff:10.0.0.1`).
 * @param blocks such as `10.0.0.0/8` and `2001:db8::1`, which the configuration has checked
 */
export function matchAddresses(blocks: readonly string[]): AddressMatcher {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', bits] = block.split('/');
    if (bits === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(bits), familyOf(address));
  }
  return (address) => isIP(address) !== 0 && list.check(address, familyOf(address));
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** IPv4 that is not globally reachable, and multicast (IANA, IPv4 Special-Purpose Address Registry, RFC 6890). */
const isSpecialIpv4 = matchAddresses([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
]);

/**
 * Of IPv6, global unicast alone is public (RFC 4291). Outside of it lie loopback, link-local, unique local and multicast
 * addresses, and those with IPv4 inside: mapped, compatible, translated (NAT64, 64:ff9b::/96).
 */
const isGlobalIpv6 = matchAddresses(['2000::/3']);
/** Of global unicast, protocol assignments with Teredo, documentation and 6to4 (IANA, IPv6 Special-Purpose Registry). */
const isSpecialIpv6 = matchAddresses(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);

/** Whether an address is one of this machine. */
export const isLoopback = matchAddresses(['127.0.0.0/8', '::1']);

/** Whether every host on the internet may have this address. */
export function isPublicAddress(address: string): boolean {
  return isIP(address) === 4 ? !isSpecialIpv4(address) : isGlobalIpv6(address) && !isSpecialIpv6(address);
}
