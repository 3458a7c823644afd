import { Injectable } from '@nestjs/common';
import { challenge } from '../auth/authentication/authentication.js';
import type { Actor } from '../auth/authorization/actor.js';
import { ActorLoader } from '../auth/sessions/actor-loader.js';
import type { LiveSession, SessionOwner } from '../auth/sessions/session.js';
import { AccessTokens } from '../auth/tokens/access-tokens.js';
import { RefreshTokens } from '../auth/tokens/secrets.js';
import { MEDIA_TYPE } from '../json-api/document/document.js';
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

/** Schema of the document of the signed-in account, type `iam:account_auths`, for OpenAPI. */
export const AUTH_SCHEMA = {
  type: 'object',
  properties: {
    jsonapi: { type: 'object', properties: { version: { const: '1.1' } }, required: ['version'] },
    data: {
      type: 'object',
      properties: {
        type: { const: 'iam:account_auths' },
        id: { type: 'string', format: 'uuid', description: 'Id of the account' },
        attributes: {
          type: 'object',
          properties: {
            email: { type: 'string' },
            name: { type: 'string' },
            picture_url: { type: ['string', 'null'] },
            role_name: { type: 'string' },
            role_scope: { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
            role_rights: { type: 'array', items: { type: 'string' }, description: '`resource.action.scope`' },
            exp: {
              type: ['integer', 'null'],
              description:
                'Expiry of the access token or API key, in seconds since the epoch; null for a key that does not expire',
            },
          },
          required: ['email', 'name', 'picture_url', 'role_name', 'role_scope', 'role_rights', 'exp'],
          additionalProperties: false,
        },
        links: { type: 'object', properties: { self: { type: 'string' } }, required: ['self'] },
      },
      required: ['type', 'id', 'attributes', 'links'],
      additionalProperties: false,
    },
    meta: {
      type: 'object',
      description: 'The tokens of a new session, unless they are sent in cookies; or the API key of the request',
      properties: {
        token: { type: 'string', description: 'Access token (JWT)' },
        refresh_token: { type: 'string' },
        api_key_id: { type: 'string', format: 'uuid', description: 'Id of the API key that the request came with' },
      },
    },
  },
  required: ['jsonapi', 'data'],
  additionalProperties: false,
} as const;

/** The actor as a document. `exp` is the access token's expiry, in seconds since the epoch. */
export function authDocument(actor: Actor, exp: number | null, self: string, meta?: Record<string, string>) {
  const { id, email, name, pictureUrl, role, roleScope } = actor;
  return {
    jsonapi: { version: '1.1' },
    data: {
      type: 'iam:account_auths',
      id,
      attributes: {
        email,
        name,
        picture_url: pictureUrl,
        role_name: role.name,
        role_scope: roleScope,
        role_rights: role.rights,
        exp,
      },
      links: { self },
    },
    ...(meta && { meta }),
  };
}

/** The content of a response with such a document, for OpenAPI. */
export const AUTH_CONTENT = {
  content: { [MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/AccountAuthDocument' } } },
};

/** The document of a new session, with its tokens unless they are sent in cookies. */
export function signedInDocument(
  { actor, exp, accessToken, refreshToken }: SignedIn,
  self: string,
  inCookies: boolean,
) {
  return authDocument(actor, exp, self, inCookies ? undefined : { token: accessToken, refresh_token: refreshToken });
}
