import { Injectable } from '@nestjs/common';
import {
  authorizationCodeGrant,
  type Configuration,
  fetchProtectedResource,
  fetchUserInfo,
  type IDToken,
} from 'openid-client';
import { isAccountEmail, MAX_EMAIL } from '../../accounts/account.policy.js';
import { isObject } from '../../json-api/resource/field-types.js';
import type { TokenData, UpstreamIdentity } from '../../one-time-tokens/token-purposes.js';
import { ProviderClients } from '../discovery/provider-clients.service.js';
import { claimName, endpointsOf, type ProviderSettings, rulesOf } from '../discovery/provider-settings.js';
import { SsoError } from './sso-error.js';
import { withinTime } from './within-time.js';

/** The claims of a provider about an account there. */
export interface ProviderClaims extends UpstreamIdentity {
  /** Whether the provider vouches for the e-mail. */
  readonly emailVerified: boolean;
  readonly name: string | null;
}

type Claims = Readonly<Record<string, unknown>>;

const MAX_SUBJECT = 255;
const MAX_SID = 255;
const MAX_NAME = 200;
/** Maximum age of a sign-in at the provider that reauthenticates, in seconds; the tolerance of clocks is added. */
const FRESH_SECONDS = 60;

/** Exchanges authorization codes for claims, with every check of OpenID Connect Core, 3.1.3.7. */
@Injectable()
export class ProviderClaimsService {
  constructor(private readonly clients: ProviderClients) {}

  /**
   * The claims that an authorization response leads to.
   * @param url of the callback, with its query
   * @throws SsoError `provider_unavailable`, `provider_error`, `access_denied`
   */
  claims(provider: ProviderSettings, url: URL, state: string, stored: TokenData['sso_state']): Promise<ProviderClaims> {
    return withinTime(this.read(provider, url, state, stored));
  }

  private async read(
    provider: ProviderSettings,
    url: URL,
    state: string,
    { verifier, nonce, intent }: TokenData['sso_state'],
  ): Promise<ProviderClaims> {
    const client = await this.clients.of(provider);
    const isOidc = rulesOf(provider).protocol === 'oidc';
    const isNew = intent.kind === 'reauthenticate';
    const tokens = await authorizationCodeGrant(client, url, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      ...(nonce !== null && { expectedNonce: nonce }),
      ...(isOidc && { idTokenExpected: true }),
      ...(isNew && { maxAge: FRESH_SECONDS }),
    });
    this.clients.rememberKeys(provider, client);
    if (!isOidc) {
      const claims = await this.userinfo(client, provider, tokens.access_token);
      return claimsOf(provider, provider.issuer, claims, null);
    }
    const idToken = tokens.claims();
    if (!idToken) throw new SsoError('provider_error');
    const claims = await this.complete(client, provider, tokens.access_token, idToken);
    return claimsOf(provider, idToken.iss, claims, tokens.id_token ?? null);
  }

  /** The claims of the ID token; without an e-mail in it, with e-mail and name of the userinfo. */
  private async complete(
    client: Configuration,
    provider: ProviderSettings,
    accessToken: string,
    idToken: IDToken,
  ): Promise<Claims> {
    const [email, verified, name] = (['email', 'email_verified', 'name'] as const).map((use) =>
      claimName(provider, use),
    );
    const isAsked = client.serverMetadata().userinfo_endpoint !== undefined;
    if (email === undefined || verified === undefined || name === undefined) return idToken;
    if (idToken[email] !== undefined || !isAsked) return idToken;
    const more: Claims = await fetchUserInfo(client, accessToken, idToken.sub);
    return { ...idToken, [email]: more[email], [verified]: more[verified], [name]: idToken[name] ?? more[name] };
  }

  /** The claims of an OAuth 2.0 provider, with the primary e-mail where a second endpoint lists the e-mails. */
  private async userinfo(client: Configuration, provider: ProviderSettings, accessToken: string): Promise<Claims> {
    const { userinfo = '', emails } = endpointsOf(provider) ?? {};
    const claims = await json(client, accessToken, userinfo);
    if (!isObject(claims)) throw new SsoError('provider_error');
    if (emails === undefined) return claims;
    const listed = await json(client, accessToken, emails);
    const primary = Array.isArray(listed) ? listed.filter(isObject).find((one) => one['primary'] === true) : undefined;
    return { ...claims, email: primary?.['email'], email_verified: primary?.['verified'] };
  }
}

async function json(client: Configuration, accessToken: string, url: string): Promise<unknown> {
  const headers = new Headers({ accept: 'application/json' });
  const response = await fetchProtectedResource(client, accessToken, new URL(url), 'GET', null, headers);
  if (!response.ok) throw new SsoError('provider_error');
  return response.json();
}

/** A text of at most `max` characters without control characters; null for anything else. */
const textIn = (value: unknown, max: number): string | null =>
  typeof value === 'string' && value !== '' && value.length <= max && value.isWellFormed() && !/\p{Cc}/u.test(value)
    ? value
    : null;

/** @throws SsoError `provider_error` without a subject of 1 to 255 characters */
function claimsOf(provider: ProviderSettings, issuer: string, claims: Claims, idToken: string | null): ProviderClaims {
  const claim = (use: Parameters<typeof claimName>[1]): unknown => claims[claimName(provider, use)];
  const named = claim('subject');
  const subject = textIn(typeof named === 'number' ? String(named) : named, MAX_SUBJECT);
  if (subject === null) throw new SsoError('provider_error');
  const email = emailIn(claim('email'));
  const amr: unknown = claims['amr'];
  return {
    issuer,
    subject,
    email,
    // Some providers send the text "true", which OpenID Connect does not define.
    emailVerified: email !== null && (claim('email_verified') === true || provider.trustEmail),
    name: textIn(claim('name'), MAX_NAME),
    sid: textIn(claims['sid'], MAX_SID),
    idToken,
    amr: provider.trustMfa && Array.isArray(amr) && amr.includes('mfa') ? ['mfa'] : [],
  };
}

function emailIn(value: unknown): string | null {
  const email = textIn(value, MAX_EMAIL)?.trim();
  return email !== undefined && isAccountEmail(email) ? email : null;
}
