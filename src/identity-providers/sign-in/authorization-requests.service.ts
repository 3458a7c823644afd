import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { buildAuthorizationUrl, calculatePKCECodeChallenge, randomNonce, randomPKCECodeVerifier } from 'openid-client';
import { Config } from '../../config/config.js';
import { publicUrl } from '../../config/own-url.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import type { AuthorizationIntent } from '../../one-time-tokens/token-purposes.js';
import { ProviderClients } from '../discovery/provider-clients.service.js';
import { type ProviderSettings, rulesOf, scopesOf } from '../discovery/provider-settings.js';
import { withinTime } from './within-time.js';

/** What is requested of a provider, and what its response is for. */
export interface AuthorizationRequest {
  readonly provider: ProviderSettings;
  readonly intent: AuthorizationIntent;
  /** Where the browser goes after the callback, checked: a path of this service, or a URL. */
  readonly returnTo: string;
  /** The client's PKCE challenge; null where `returnTo` is a page of this service. */
  readonly challenge: string | null;
  /** Value of the browser's cookie, to which the `state` is bound. */
  readonly browser: string;
}

/** Makes authorization requests to identity providers (OpenID Connect Core, 3.1.2.1; RFC 6749, 4.1.1). */
@Injectable()
export class AuthorizationRequests {
  constructor(
    private readonly clients: ProviderClients,
    private readonly tokens: OneTimeTokensRepository,
    private readonly transactions: Transactions,
    @Inject(Config)
    private readonly config: Pick<Config, 'appUrl' | 'host' | 'port' | 'publicPath' | 'publicUrl' | 'apiPrefix'>,
    @Optional() private readonly http?: HttpAdapterHost,
  ) {}

  /** A new value of the cookie that binds a `state` to a browser. */
  newBrowser(): string {
    return randomBytes(32).toString('base64url');
  }

  /** The redirect URI of a provider, which has to be registered there. */
  callbackUrl(slug: string): string {
    return `${publicUrl(this.config, this.http)}${this.config.apiPrefix}/auth/sso/${slug}/callback`;
  }

  /** The URL at the provider to redirect the browser to. @throws SsoError `provider_unavailable`, `provider_error` */
  async urlFor({ provider, intent, returnTo, challenge, browser }: AuthorizationRequest): Promise<URL> {
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
