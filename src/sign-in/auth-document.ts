import type { Actor } from '../auth/authorization/actor.js';
import { MEDIA_TYPE } from '../json-api/document/document.js';
import type { SignedIn } from './session-tokens.js';

/** The document of the signed-in account: type `iam:account_auths`. */

/** Schema of the document, for OpenAPI. */
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
