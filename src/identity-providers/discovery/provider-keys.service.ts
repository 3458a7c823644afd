import { Injectable } from '@nestjs/common';
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import { OutboundClient } from '../../outbound/outbound.client.js';
import { OutboundError } from '../../outbound/outbound.errors.js';
import { cacheKeyOf, KEYS_MS, MAX_CACHED, METADATA_MS, ProviderClients } from './provider-clients.service.js';
import { providerFetch } from './provider-fetch.js';
import type { ProviderSettings } from './provider-settings.js';

/** Pause in ms before keys are fetched again, after an unknown key or an error. */
const PAUSE_MS = 10_000;

/** Accepted algorithms, where the metadata list them. With symmetric ones every holder of the secret could sign. */
const ASYMMETRIC = new Set([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]);

/** The keys and algorithms of a provider. */
export interface VerifyingKeys {
  readonly keyOf: JWTVerifyGetKey;
  readonly algorithms: string[];
}

/**
 * The keys of providers, for tokens that anyone can send here. Whatever these contain, a provider is asked for its keys no
 * more than once in ten seconds by this process: by jose for a key that is not known, and by this class when it fails.
 */
@Injectable()
export class ProviderKeys {
  private readonly known = new LRUCache<string, Promise<VerifyingKeys | null>>({ max: MAX_CACHED, ttl: METADATA_MS });
  private readonly paused = new LRUCache<string, true>({ max: MAX_CACHED, ttl: PAUSE_MS });

  constructor(
    private readonly clients: ProviderClients,
    private readonly outbound: OutboundClient,
  ) {}

  /**
   * The keys of an OpenID Connect provider; null when it publishes none.
   * @throws OutboundError when it cannot be reached, or could not a moment ago; ClientError when its metadata are wrong
   */
  of(settings: ProviderSettings): Promise<VerifyingKeys | null> {
    const id = cacheKeyOf(settings);
    let found = this.known.get(id);
    if (!found) {
      found = this.find(settings, id);
      this.known.set(id, found);
      found.catch(() => this.known.delete(id));
    }
    return found;
  }

  private async find(settings: ProviderSettings, id: string): Promise<VerifyingKeys | null> {
    const server = await this.unlessPaused(id, async () => (await this.clients.of(settings)).serverMetadata());
    if (server.jwks_uri === undefined) return null;
    return {
      keyOf: createRemoteJWKSet(new URL(server.jwks_uri), {
        cacheMaxAge: KEYS_MS,
        cooldownDuration: PAUSE_MS,
        [customFetch]: (url) => this.unlessPaused(id, () => this.fetch(url)),
      }),
      algorithms: (server.id_token_signing_alg_values_supported ?? ['RS256']).filter((alg) => ASYMMETRIC.has(alg)),
    };
  }

  /** Fetches keys. An invalid key set is an error here already, so that a pause follows. */
  private async fetch(url: string): Promise<Response> {
    const request = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const;
    const response = await providerFetch(this.outbound)(url, request);
    const body = await response.text();
    try {
      createLocalJWKSet(JSON.parse(body) as JSONWebKeySet);
    } catch (cause) {
      throw new OutboundError('invalid_response', 'The provider sends no keys', response.status, { cause });
    }
    return new Response(body, { status: response.status });
  }

  private async unlessPaused<Result>(id: string, ask: () => Promise<Result>): Promise<Result> {
    if (this.paused.has(id)) throw new OutboundError('connection_failed', 'The provider did not respond a moment ago');
    try {
      return await ask();
    } catch (error) {
      this.paused.set(id, true);
      throw error;
    }
  }
}
