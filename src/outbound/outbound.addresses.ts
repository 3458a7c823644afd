import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { type AddressMatcher, isLoopback, isPublicAddress, matchAddresses } from '../config/address-blocks.js';
import { OutboundError } from './outbound.errors.js';

/** Every address of a host, as `dns.promises.lookup` with `all` gives them. */
export type Resolver = (host: string) => Promise<readonly LookupAddress[]>;

/** The host of a URL as sockets and resolvers take it: without the brackets of IPv6. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** Whether a host means this machine: `localhost` and names below it (RFC 6761, 6.3), or a loopback address. */
export const isThisMachine = (host: string): boolean => /(^|\.)localhost\.?$/.test(host) || isLoopback(host);

interface AddressOptions {
  /** Addresses and CIDR blocks that may be reached although they are not public. */
  readonly allowedNetworks: readonly string[];
  /** Whether hosts that mean this machine may be reached. */
  readonly allowThisMachine: boolean;
  readonly resolve: Resolver;
}

/** Decides which addresses may be connected to. */
export class OutboundAddresses {
  readonly #isAllowed: AddressMatcher;

  constructor(private readonly options: AddressOptions) {
    this.#isAllowed = matchAddresses(options.allowedNetworks);
  }

  /** @throws OutboundError `address_not_allowed` */
  check(address: string, host: string): void {
    if (isPublicAddress(address) || this.#isAllowed(address)) return;
    if (this.options.allowThisMachine && isThisMachine(host) && isLoopback(address)) return;
    throw new OutboundError('address_not_allowed', 'The address of the host is not public');
  }

  /**
   * The addresses of a host, all of them checked: a name with one that is not allowed is rejected as a whole.
   * @throws OutboundError `address_not_allowed`; what the resolver throws
   */
  async resolve(host: string): Promise<readonly LookupAddress[]> {
    const addresses = isIP(host) === 0 ? await this.options.resolve(host) : [{ address: host, family: isIP(host) }];
    for (const { address } of addresses) this.check(address, host);
    if (addresses.length === 0) throw new OutboundError('name_not_found', 'The host has no address');
    return addresses;
  }

  /**
   * For `connect`: the socket is given the very addresses that were checked, so that a name which resolves otherwise a
   * moment later leads nowhere else. Sockets do not ask it for hosts that are addresses; `OutboundUrls` checks those.
   */
  readonly lookup: LookupFunction = (host, { all }, callback) => {
    this.resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (all) callback(null, [...addresses]);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}
