import { Injectable } from '@nestjs/common';
import { challenge } from '../auth/authentication/authentication.js';
import type { Actor } from '../auth/authorization/actor.js';
import { ActorLoader } from '../auth/sessions/actor-loader.js';
import type { LiveSession, SessionOwner } from '../auth/sessions/session.js';
import { AccessTokens } from '../auth/tokens/access-tokens.js';
import { RefreshTokens } from '../auth/tokens/secrets.js';
import { apiError } from '../json-api/document/errors.js';

/** A session with a new pair of tokens. */
export interface SignedIn {
  readonly actor: Actor;
  readonly accessToken: string;
  /** Expiry of the access token, in seconds since the epoch. */
  readonly exp: number;
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
}

/** Issues the tokens of sessions, however they were started. */
@Injectable()
export class SessionTokens {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly actors: ActorLoader,
  ) {}

  /** A new pair of tokens of a session. @throws ApiError 401 `account_disabled` */
  async issue(session: LiveSession): Promise<SignedIn> {
    const { accountId, sessionId, amr, authenticatedAt } = session;
    const actor = await this.actors.load(sessionId, accountId);
    if (!actor) throw disabled();
    const { token, exp } = this.accessTokens.issue({
      accountId,
      sessionId,
      amr,
      authenticatedAt,
      roleName: actor.role.name,
      roleScope: actor.roleScope,
      rights: actor.role.rights,
      email: actor.email,
      name: actor.name,
    });
    const refreshToken = this.refreshTokens.issue(session);
    return { actor, accessToken: token, exp, refreshToken, refreshExpiresAt: session.expiresAt };
  }
}

/** Actor and target of an audit event on the account's own session. */
export const onSession = ({ accountId, sessionId }: SessionOwner) => ({
  actorId: accountId,
  target: { type: 'iam:account_sessions', id: sessionId },
});

/** The headers of every 401. */
export const CHALLENGE = { headers: challenge() };

export const invalidCredentials = () =>
  apiError('invalid_credentials', 'The e-mail or the password is wrong', undefined, CHALLENGE);
export const disabled = () => apiError('account_disabled', 'The account is disabled', undefined, CHALLENGE);
