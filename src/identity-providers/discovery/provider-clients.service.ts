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
  getJwksCache,
  None,
  setJwksCache,
} from 'openid-client';
import { OutboundClient } from '../../outbound/outbound.client.js';
import { providerFetch } from './provider-fetch.js';
import { endpointsOf, type ProviderSettings } from './provider-settings.js';

/** How long the metadata of a provider are cached, in ms. */
const METADATA_MS = 3_600_000;
const MAX_CACHED = 500;
/** How far the clock of a provider may be off, in seconds. */
const CLOCK_TOLERANCE = 60;
/**
 * Age in seconds that cached keys are given, of which openid-client keeps keys for 300: above 60 it fetches them again
 * for a key that it does not know, so that a provider may rotate them at any time. Only the provider itself, which signed
 * the ID token that came over TLS, can cause that.
 */
const KEY_AGE = 120;

/**
 * The clients of providers, with their metadata and keys in memory. What fails is not cached; who asks while a provider is
 * being asked waits for the same response.
 */
@Injectable()
export class ProviderClients {
  private readonly clients = new LRUCache<string, Promise<Configuration>>({ max: MAX_CACHED, ttl: METADATA_MS });

  constructor(private readonly outbound: OutboundClient) {}

  /**
   * The client of a provider; a changed provider has another one.
   * @throws OutboundError, as a cause too, when it cannot be reached; ClientError when its metadata are wrong
   */
  of(settings: ProviderSettings): Promise<Configuration> {
    const key = `${settings.id} ${settings.version}`;
    const known = this.clients.get(key);
    if (known) return known;
    const client = this.connect(settings);
    this.clients.set(key, client);
    client.catch(() => this.clients.delete(key));
    return client;
  }

  /** Reads the metadata of a provider now. @throws as {@link of} */
  async connect(settings: ProviderSettings): Promise<Configuration> {
    const { issuer, clientId } = settings;
    const endpoints = endpointsOf(settings);
    const fetch = providerFetch(this.outbound);
    const metadata = { [clockTolerance]: CLOCK_TOLERANCE };
    // The outbound client decides where plain http may go: to this machine, outside production.
    const insecure = new URL(endpoints?.token ?? issuer).protocol === 'http:' ? [allowInsecureRequests] : [];
    if (endpoints) {
      const server = {
        issuer,
        authorization_endpoint: endpoints.authorization,
        token_endpoint: endpoints.token,
        userinfo_endpoint: endpoints.userinfo,
        token_endpoint_auth_methods_supported: ['client_secret_post'],
      };
      const client = new Configuration(server, clientId, metadata, authenticationOf(settings));
      client[customFetch] = fetch;
      for (const enable of insecure) enable(client);
      return client;
    }
    return discovery(new URL(issuer), clientId, metadata, authenticationOf(settings), {
      algorithm: 'oidc',
      execute: [...insecure, enableNonRepudiationChecks],
      [customFetch]: fetch,
    });
  }

  /** Lets the next use of a client fetch keys that it does not know. */
  ageKeys(client: Configuration): void {
    const cached = getJwksCache(client);
    if (cached) setJwksCache(client, { ...cached, uat: Math.floor(Date.now() / 1000) - KEY_AGE });
  }
}

/** How this service proves who it is at the token endpoint: by what the metadata list, where there is a choice. */
function authenticationOf({ clientSecret }: ProviderSettings): ClientAuth {
  if (clientSecret === null) return None();
  const [basic, post] = [ClientSecretBasic(clientSecret), ClientSecretPost(clientSecret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const chosen = methods.includes('client_secret_basic') || !methods.includes('client_secret_post') ? basic : post;
    return chosen(server, client, body, headers);
  };
}
