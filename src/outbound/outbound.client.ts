import { lookup } from 'node:dns/promises';
import { Inject, Injectable, type OnModuleDestroy, Optional } from '@nestjs/common';
import type { Dispatcher } from 'undici';
import { Config } from '../config/config.js';
import { hostOf, OutboundAddresses } from './outbound.addresses.js';
import { discard, readBody } from './outbound.body.js';
import type { OutboundConnections, OutboundNetwork } from './outbound.connections.js';
import { OutboundError, toOutboundError } from './outbound.errors.js';
import { OutboundUrls } from './outbound.urls.js';

/** Maximum size of a response's body, in bytes. */
export const MAX_RESPONSE_BYTES = 64 * 1024;
/** Maximum size of the metadata and the keys of an identity provider, in bytes. */
export const MAX_METADATA_BYTES = 1024 * 1024;
/** How long a request may take from the look-up of the name to the last byte of the body, in ms. */
const REQUEST_TIMEOUT_MS = 15_000;

/** Injection token: the resolver and connector of the outbound client, which tests replace. */
export const OUTBOUND_NETWORK = Symbol('OUTBOUND_NETWORK');

const SYSTEM: OutboundNetwork = {
  // Like every other program of this machine, with its hosts file; addresses in the order that its operator chose.
  resolve: (host) => lookup(host, { all: true, verbatim: true }),
  timeoutMs: REQUEST_TIMEOUT_MS,
};

/** A request to another host. */
export interface OutboundRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Maximum size of the response's body, in bytes; {@link MAX_RESPONSE_BYTES} without it. */
  readonly maxBytes?: number;
  /** How long it may take, in ms, where that is less than the 15 seconds of every request. */
  readonly timeoutMs?: number;
}

/** A response of any status but a redirection. */
export interface OutboundResponse {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Buffer;
}

/**
 * The only way out to hosts that the service's operator did not choose: webhooks, identity providers. With undici, whose
 * sockets take a look-up of our own, so that the addresses that were checked are those that are connected to; Node's
 * `fetch` cannot be given one. Certificates are checked against the CAs of Node and of `NODE_EXTRA_CA_CERTS`.
 *
 * Behind `HTTPS_PROXY` the proxy resolves the name once more. Here it is resolved and checked before; what the proxy
 * connects to then is the proxy's decision (docs/decisions/0038).
 */
@Injectable()
export class OutboundClient implements OnModuleDestroy {
  readonly #addresses: OutboundAddresses;
  readonly #urls: OutboundUrls;
  readonly #isProxied: boolean;
  /** Loads undici with the first request: it is some 110 files, and many instances never send one. */
  readonly #connect: () => Promise<OutboundConnections>;
  #connections: Promise<OutboundConnections> | null = null;

  constructor(
    @Inject(Config) { outbound, production }: Pick<Config, 'outbound' | 'production'>,
    @Optional() @Inject(OUTBOUND_NETWORK) private readonly network: OutboundNetwork = SYSTEM,
  ) {
    const { resolve } = network;
    const options = { ...outbound, allowThisMachine: !production, resolve };
    this.#addresses = new OutboundAddresses(options);
    this.#urls = new OutboundUrls(options, this.#addresses);
    this.#isProxied = outbound.proxy !== null;
    this.#connect = async () => {
      const library = await import('./outbound.connections.js');
      return new library.OutboundConnections(outbound, network, this.#addresses);
    };
  }

  async onModuleDestroy(): Promise<void> {
    await (await this.#connections)?.destroy();
  }

  /**
   * Whether a URL may be requested, as far as that can be seen without resolving its name: to be asked before it is stored.
   * @throws OutboundError
   */
  check(url: string): void {
    this.#urls.parse(url);
  }

  /**
   * Sends a request and reads the response, within 15 seconds in all. Redirections are not followed.
   * @throws OutboundError, whose `reason` says why; nothing else
   */
  async send(message: OutboundRequest): Promise<OutboundResponse> {
    const target = this.#urls.parse(message.url);
    const signal = AbortSignal.timeout(Math.min(this.network.timeoutMs, message.timeoutMs ?? Infinity));
    try {
      // undici does not look at the signal before it is connected, and a look-up of a name cannot be aborted.
      return await before(signal, this.#exchange(target, message, signal));
    } catch (error) {
      throw toOutboundError(error);
    }
  }

  async #exchange(target: URL, message: OutboundRequest, signal: AbortSignal): Promise<OutboundResponse> {
    const { method = 'GET', headers, body, maxBytes = MAX_RESPONSE_BYTES } = message;
    if (this.#isProxied) await this.#addresses.resolve(hostOf(target));
    const connections = await (this.#connections ??= this.#connect());
    const response = await connections.request(target, {
      method,
      headers: { 'accept-encoding': 'identity', 'user-agent': 'iam', ...headers },
      ...(body !== undefined && { body }),
      signal,
    });
    const { statusCode: status } = response;
    if (status >= 300 && status < 400) {
      discard(response.body);
      throw new OutboundError('redirected', `The host redirects (status ${status})`, status);
    }
    const encoding = String(response.headers['content-encoding'] ?? '');
    return { status, headers: response.headers, body: await readBody(response.body, encoding, maxBytes) };
  }
}

/** The result of work, unless the signal comes first. */
function before<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
