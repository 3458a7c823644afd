import { Injectable } from '@nestjs/common';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { OAuthError } from '../../auth/oauth/oauth-errors.js';
import { isObject } from '../../json-api/resource/field-types.js';
import { CLOCK_TOLERANCE } from '../discovery/provider-clients.service.js';
import { outboundErrorIn } from '../discovery/provider-fetch.js';
import { ProviderKeys, type VerifyingKeys } from '../discovery/provider-keys.service.js';
import type { ProviderSettings } from '../discovery/provider-settings.js';
import type { ProviderSignOut } from './provider-sessions.repository.js';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** Media types of the header: the one that the standard recommends, and what older providers write. */
const TYPES = new Set([undefined, 'logout+jwt', 'application/logout+jwt', 'JWT']);
/** In seconds. Longer than the two minutes that the standard recommends, since providers may send again. */
const MAX_AGE = 600;
/** Maximum length of a subject and of a session id, in characters. */
const MAX_NAME = 255;

/** Verifies logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.6). */
@Injectable()
export class LogoutTokens {
  constructor(private readonly keys: ProviderKeys) {}

  /** @throws OAuthError `invalid_request`, `temporarily_unavailable` when the keys of the provider cannot be read */
  async verify(provider: ProviderSettings, token: string): Promise<ProviderSignOut> {
    const claims = await this.claimsOf(provider, token);
    const event = isObject(claims['events']) ? claims['events'][EVENT] : undefined;
    if (!isObject(event)) throw invalid('It is not about a logout');
    // ID tokens have a nonce, and must not pass as logout tokens.
    if ('nonce' in claims) throw invalid('A logout token has no nonce');
    const [jti, subject, sid] = [claims.jti, claims.sub ?? null, claims['sid'] ?? null];
    if (!isName(jti) || !(subject === null || isName(subject)) || !(sid === null || isName(sid))) {
      throw invalid('The claims jti, sub and sid are texts of 1 to 255 characters');
    }
    if (subject === null && sid === null) throw invalid('It has neither sub nor sid');
    return { issuer: provider.issuer, jti, subject, sid };
  }

  private async claimsOf(provider: ProviderSettings, token: string): Promise<JWTPayload> {
    const { keyOf, algorithms } = await this.keysOf(provider);
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keyOf, {
        issuer: provider.issuer,
        audience: provider.clientId,
        algorithms,
        requiredClaims: ['exp', 'jti'],
        maxTokenAge: MAX_AGE,
        clockTolerance: CLOCK_TOLERANCE,
      });
      if (!TYPES.has(protectedHeader.typ)) throw invalid('Its type is not that of a logout token');
      return payload;
    } catch (error) {
      throw error instanceof OAuthError ? error : errorOf(error);
    }
  }

  private async keysOf(provider: ProviderSettings): Promise<VerifyingKeys> {
    let keys: VerifyingKeys | null;
    try {
      keys = await this.keys.of(provider);
    } catch (error) {
      throw errorOf(error);
    }
    if (!keys) throw invalid('The provider has no keys');
    return keys;
  }
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME;

const invalid = (reason: string): OAuthError =>
  new OAuthError('invalid_request', `The logout token is not valid: ${reason}`);

/** Maps errors of jose and of the provider. A wrong key is the provider's error, not the token's. */
function errorOf(error: unknown): OAuthError {
  if (outboundErrorIn(error))
    return new OAuthError('temporarily_unavailable', 'The keys of the provider cannot be read');
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
    return invalid(`The claim ${error.claim} is missing or wrong`);
  }
  return invalid('It cannot be verified with the keys of the provider');
}
