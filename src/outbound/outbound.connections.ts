import { type Dispatcher, EnvHttpProxyAgent, Pool, request } from 'undici';
import type { OutboundSettings } from '../config/config.js';
import type { OutboundAddresses, Resolver } from './outbound.addresses.js';
import { toOutboundError } from './outbound.errors.js';

/** Maximum size of a response's head, in bytes. */
const MAX_HEAD_BYTES = 16 * 1024;

/** How other hosts are reached. A provider under `OUTBOUND_NETWORK` takes its place. */
export interface OutboundNetwork {
  readonly resolve: Resolver;
  readonly timeoutMs: number;
  /** CAs that are trusted, as PEM, in place of those of this process. */
  readonly ca?: string;
}

/** The connections to other hosts. Loaded with the first request, since undici is. */
export class OutboundConnections {
  readonly #dispatcher: Dispatcher;

  constructor(outbound: OutboundSettings, network: OutboundNetwork, addresses: OutboundAddresses) {
    this.#dispatcher = dispatcherOf(outbound, network, addresses);
  }

  request(target: URL, options: Omit<Dispatcher.RequestOptions, 'origin' | 'path'>): Promise<Dispatcher.ResponseData> {
    return request(target, { ...options, dispatcher: this.#dispatcher });
  }

  destroy(): Promise<void> {
    return this.#dispatcher.destroy();
  }
}

function dispatcherOf(
  { proxy, noProxy }: OutboundSettings,
  { ca, timeoutMs }: OutboundNetwork,
  { lookup }: OutboundAddresses,
): Dispatcher {
  const tls = { timeout: timeoutMs, ...(ca !== undefined && { ca }) };
  return new EnvHttpProxyAgent({
    connect: { lookup, ...tls },
    requestTls: tls,
    clientFactory: (origin, options) => new Tunnels(origin, { ...options, headersTimeout: timeoutMs }),
    // Empty texts, since undici reads the environment where there is nothing. Nothing in clear leaves this machine.
    ...{ httpProxy: '', httpsProxy: proxy ?? '', noProxy },
    maxHeaderSize: MAX_HEAD_BYTES,
  });
}

/**
 * Connections through a proxy. undici takes the error of a proxy that hangs up for the end of an idle connection, and
 * would connect again without end; as an error of ours it ends the request.
 */
class Tunnels extends Pool {
  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData>;
  override connect(
    options: Dispatcher.ConnectOptions,
    callback: (error: Error | null, data: Dispatcher.ConnectData) => void,
  ): void;
  override async connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    try {
      return await super.connect(options);
    } catch (error) {
      throw toOutboundError(error);
    }
  }
}
