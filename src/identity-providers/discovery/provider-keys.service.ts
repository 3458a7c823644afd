import { Injectable } from '@nestjs/common';
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import { OutboundClient } from '../../outbound/outbound.client.js';
import { OutboundError } from '../../outbound/outbound.errors.js';
import { ProviderClients } from './provider-clients.service.js';
import { providerFetch } from './provider-fetch.js';
import type { ProviderSettings } from './provider-settings.js';

const MAX_CACHED = 500;
/** How long it is kept where the keys of a provider are, in ms. */
const ADDRESS_MS = 3_600_000;
/** How long keys are cached, in ms: one that the provider withdraws counts no longer than that. */
const KEYS_MS = 300_000;
/** How long a provider is left alone, in ms, after its keys were fetched for one that was not among them, or could not be. */
const PAUSE_MS = 10_000;

/** With which algorithms a provider may sign, where its metadata lists them. Symmetric ones prove nothing. */
const ASYMMETRIC = new Set([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]);

/** What verifies the signatures of a provider. */
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
  private readonly known = new LRUCache<string, Promise<VerifyingKeys | null>>({ max: MAX_CACHED, ttl: ADDRESS_MS });
  private readonly paused = new LRUCache<string, true>({ max: MAX_CACHED, ttl: PAUSE_MS });

  constructor(
    private readonly clients: ProviderClients,
    private readonly outbound: OutboundClient,
  ) {}

  /**
   * What verifies the signatures of a provider of OpenID Connect; null when it publishes no keys.
   * @throws OutboundError when it cannot be reached, or could not a moment ago; ClientError when its metadata are wrong
   */
  of(settings: ProviderSettings): Promise<VerifyingKeys | null> {
    const id = `${settings.id} ${settings.version}`;
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

  /** Reads keys. What is no set of keys is an error here already, so that it leads to a pause. */
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
