import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { buildAuthorizationUrl, calculatePKCECodeChallenge, randomNonce, randomPKCECodeVerifier } from 'openid-client';
import { Config } from '../../config/config.js';
import { publicUrl } from '../../config/own-url.js';
import { Transactions } from '../../json-api/sql/executor.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import type { RoundTripIntent } from '../../one-time-tokens/token-purposes.js';
import { ProviderClients } from '../discovery/provider-clients.service.js';
import { type ProviderSettings, rulesOf, scopesOf } from '../discovery/provider-settings.js';
import { withinTime } from './within-time.js';

/** A round trip to begin. */
export interface RoundTrip {
  readonly provider: ProviderSettings;
  readonly intent: RoundTripIntent;
  /** Where it leads, checked: a path of this service, or a URL. */
  readonly returnTo: string;
  /** Null where it leads to a page of this service. */
  readonly challenge: string | null;
  /** Value of the cookie of the browser. */
  readonly browser: string;
}

/** Begins round trips to identity providers. */
@Injectable()
export class RoundTripStarts {
  constructor(
    private readonly clients: ProviderClients,
    private readonly tokens: OneTimeTokensRepository,
    private readonly transactions: Transactions,
    @Inject(Config)
    private readonly config: Pick<Config, 'appUrl' | 'host' | 'port' | 'publicPath' | 'publicUrl' | 'apiPrefix'>,
    @Optional() private readonly http?: HttpAdapterHost,
  ) {}

  /** A new value of the cookie that binds round trips to a browser. */
  newBrowser(): string {
    return randomBytes(32).toString('base64url');
  }

  /** Where a provider returns to, which it has to know. */
  callbackUrl(slug: string): string {
    return `${publicUrl(this.config, this.http)}${this.config.apiPrefix}/auth/sso/${slug}/callback`;
  }

  /** The address at the provider. @throws SsoError `provider_unavailable`, `provider_error` */
  async begin({ provider, intent, returnTo, challenge, browser }: RoundTrip): Promise<URL> {
    const client = await withinTime(this.clients.of(provider));
    const isOidc = rulesOf(provider).protocol === 'oidc';
    const [verifier, nonce] = [randomPKCECodeVerifier(), isOidc ? randomNonce() : null];
    const data = { providerId: provider.id, verifier, nonce, returnTo, challenge, intent };
    const state = await this.transactions.run((tx) =>
      this.tokens.issue({ purpose: 'sso_state', data, accountId: null, browser }, tx),
    );
    const scope = scopesOf(provider).join(' ');
    return buildAuthorizationUrl(client, {
      redirect_uri: this.callbackUrl(provider.slug),
      ...(scope !== '' && { scope }),
      state: state ?? '',
      ...(nonce !== null && { nonce }),
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(intent.kind === 'reauthenticate' && { prompt: 'login', max_age: '0' }),
    });
  }
}
