import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  clockTolerance,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  type ExportedJWKSCache,
  getJwksCache,
  None,
  type ServerMetadata,
  setJwksCache,
} from 'openid-client';
import { OutboundClient } from '../../outbound/outbound.client.js';
import { providerFetch } from './provider-fetch.js';
import { endpointsOf, type ProviderSettings } from './provider-settings.js';

/** How long the metadata of a provider are cached, in ms. */
export const METADATA_MS = 3_600_000;
/** Maximum number of providers whose metadata and keys are cached. */
export const MAX_CACHED = 500;
/** How far the clock of a provider may be off, in seconds. */
export const CLOCK_TOLERANCE = 60;
/** How long keys of a provider are cached, in ms: one that it withdraws counts no longer than that. */
export const KEYS_MS = 300_000;
/**
 * Age in seconds that cached keys are given: above 60, openid-client fetches them again for a key that it does not know,
 * so that a provider may rotate them at any time. Only the provider itself, whose ID token came over TLS, can cause that.
 */
const KEY_AGE = 120;

/**
 * The clients of providers, with their metadata and keys in memory. Errors are not cached. Concurrent requests
 * for the metadata of one provider share one response.
 */
@Injectable()
export class ProviderClients {
  private readonly metadata = new LRUCache<string, Promise<ServerMetadata>>({ max: MAX_CACHED, ttl: METADATA_MS });
  private readonly keys = new LRUCache<string, ExportedJWKSCache>({ max: MAX_CACHED, ttl: KEYS_MS });

  constructor(private readonly outbound: OutboundClient) {}

  /**
   * A client of a provider, for one use. A provider that has changed is asked for its metadata again.
   * @throws OutboundError, as a cause too, when it cannot be reached; ClientError when its metadata are wrong
   */
  async of(settings: ProviderSettings): Promise<Configuration> {
    const key = cacheKeyOf(settings);
    let metadata = this.metadata.get(key);
    if (!metadata) {
      metadata = this.connect(settings);
      this.metadata.set(key, metadata);
      metadata.catch(() => this.metadata.delete(key));
    }
    return this.client(settings, await metadata);
  }

  /** Reads the metadata of a provider now. @throws as {@link of} */
  async connect(settings: ProviderSettings): Promise<ServerMetadata> {
    const { issuer, clientId } = settings;
    const endpoints = endpointsOf(settings);
    if (endpoints) {
      return {
        issuer,
        authorization_endpoint: endpoints.authorization,
        token_endpoint: endpoints.token,
        userinfo_endpoint: endpoints.userinfo,
        token_endpoint_auth_methods_supported: ['client_secret_post'],
      };
    }
    const found = await discovery(new URL(issuer), clientId, {}, None(), {
      algorithm: 'oidc',
      execute: insecure(issuer),
      [customFetch]: providerFetch(this.outbound),
    });
    const metadata = { ...found.serverMetadata() };
    // openid-client makes an exception for the issuer that all tenants of Microsoft Entra share: it would let any of them in.
    if (new URL(metadata.issuer).href !== new URL(issuer).href)
      throw new TypeError('The metadata are of another issuer');
    return metadata;
  }

  /** Keeps the keys that a client has fetched for the next one. */
  rememberKeys(settings: ProviderSettings, client: Configuration): void {
    const fetched = getJwksCache(client);
    const known = this.keys.get(cacheKeyOf(settings));
    // Keys that the client was given keep their time, so that they expire when they should.
    if (fetched && fetched.uat > (known?.uat ?? 0)) this.keys.set(cacheKeyOf(settings), fetched);
  }

  /** openid-client keeps keys with the metadata object, so that each client has one of its own. */
  private client(settings: ProviderSettings, metadata: ServerMetadata): Configuration {
    const own = { [clockTolerance]: CLOCK_TOLERANCE };
    const client = new Configuration({ ...metadata }, settings.clientId, own, authenticationOf(settings));
    client[customFetch] = providerFetch(this.outbound);
    for (const enable of insecure(metadata.token_endpoint ?? settings.issuer)) enable(client);
    if (metadata.jwks_uri === undefined) return client;
    enableNonRepudiationChecks(client);
    const known = this.keys.get(cacheKeyOf(settings));
    if (known) setJwksCache(client, { ...known, uat: Math.floor(Date.now() / 1000) - KEY_AGE });
    return client;
  }
}

/** The cache key of a provider; each change of the provider makes another one. */
export const cacheKeyOf = ({ id, version }: ProviderSettings): string => `${id} ${version}`;

/** The outbound client decides where plain http may go: to this machine, outside production. */
const insecure = (url: string): ((client: Configuration) => void)[] =>
  new URL(url).protocol === 'http:' ? [allowInsecureRequests] : [];

/** The client authentication at the token endpoint: a method that the metadata list. */
function authenticationOf({ clientSecret }: ProviderSettings): ClientAuth {
  if (clientSecret === null) return None();
  const [basic, post] = [ClientSecretBasic(clientSecret), ClientSecretPost(clientSecret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const chosen = methods.includes('client_secret_basic') || !methods.includes('client_secret_post') ? basic : post;
    return chosen(server, client, body, headers);
  };
}
