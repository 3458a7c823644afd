import { Injectable } from '@nestjs/common';
import { ApiKeyActors } from '../../auth/authentication/api-key-access.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { OAuthError } from '../../auth/oauth/oauth-errors.js';
import type { OAuthForm } from '../../auth/oauth/oauth-form.js';
import { AccessTokens } from '../../auth/tokens/access-tokens.js';
import { finderOf } from '../api-key-format.js';
import { clientCredentials, unknownClient } from './token-request.js';

/** A token response (RFC 6749, section 5.1). */
export interface IssuedToken {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
}

/** Exchanges API keys for access tokens: the grant `client_credentials` (RFC 6749, section 4.4). */
@Injectable()
export class TokensService {
  constructor(
    private readonly keys: ApiKeyActors,
    private readonly tokens: AccessTokens,
    private readonly rateLimiter: RateLimiter,
  ) {}

  /**
   * A token for the key that the request shows.
   * @param authorization header of the request
   * @param address of the client
   * @throws OAuthError; ApiError 429, 503
   */
  async issue(form: OAuthForm, authorization: string | undefined, address: string): Promise<IssuedToken> {
    await this.rateLimiter.address('token', address);
    const { id, secret } = clientCredentials(authorization, form);
    if (form.require('grant_type') !== 'client_credentials') {
      throw new OAuthError('unsupported_grant_type', 'The grant type must be client_credentials');
    }
    if (form.get('scope') !== null) {
      throw new OAuthError('invalid_scope', 'There are no scopes here; the permissions of the key decide');
    }
    const keyId = id.toLowerCase();
    const use = await this.keys.ofKey(secret);
    const finder = finderOf(secret);
    if (!use || finder === null || use.actor.apiKeyId !== keyId) throw unknownClient();
    const { actor, exp } = use;
    const { rights } = actor.role;
    const token = { accountId: actor.id, keyId, finder, rights, roleScope: actor.roleScope, exp };
    const issued = this.tokens.issueForKey(token);
    if (!issued)
      throw new OAuthError('invalid_request', 'The rights of the key are too many for a token; use the key itself');
    return { access_token: issued.token, token_type: 'Bearer', expires_in: issued.expiresIn };
  }
}
