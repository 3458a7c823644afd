import { isIP } from 'node:net';
import { hostOf, isThisMachine, type OutboundAddresses } from './outbound.addresses.js';
import { OutboundError } from './outbound.errors.js';

/** Maximum length of a URL, in characters. */
const MAX_URL = 2_048;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 };

interface UrlOptions {
  readonly allowedPorts: readonly number[];
  /** Whether hosts that mean this machine may be reached, in clear and on any port. */
  readonly allowThisMachine: boolean;
}

/** Decides which URLs may be requested. */
export class OutboundUrls {
  constructor(
    private readonly options: UrlOptions,
    private readonly addresses: OutboundAddresses,
  ) {}

  /**
   * Parses a URL that may be requested. The parser (WHATWG URL) knows every spelling of an address: octal, decimal,
   * hexadecimal, shortened, in full-width digits. What a name resolves to is checked when connecting.
   * @throws OutboundError `invalid_url`, `scheme_not_allowed`, `credentials_not_allowed`, `port_not_allowed`,
   * `address_not_allowed`
   */
  parse(text: string): URL {
    if (text.length > MAX_URL) throw new OutboundError('invalid_url', `The URL is longer than ${MAX_URL} characters`);
    if (!URL.canParse(text)) throw new OutboundError('invalid_url', 'The URL is invalid');
    const url = new URL(text);
    const { protocol, username, password, port } = url;
    const host = hostOf(url);
    const isOwn = this.options.allowThisMachine && isThisMachine(host);
    if (protocol !== 'https:' && !(protocol === 'http:' && isOwn)) {
      throw new OutboundError('scheme_not_allowed', 'The URL must begin with https://');
    }
    if (username !== '' || password !== '') {
      throw new OutboundError('credentials_not_allowed', 'The URL must not contain a user or a password');
    }
    if (!isOwn && !this.options.allowedPorts.includes(Number(port) || (DEFAULT_PORTS[protocol] ?? 0))) {
      const allowed = this.options.allowedPorts.join(', ');
      throw new OutboundError('port_not_allowed', `The port of the URL must be one of ${allowed}`);
    }
    if (isIP(host) !== 0) this.addresses.check(host, host);
    return url;
  }
}
