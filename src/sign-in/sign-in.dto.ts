import { MAX_RETURN_TO } from '../auth/return-urls.js';
import { MAX_TOKEN } from '../auth/tokens/secrets.js';
import { JSONAPI_SCHEMA, MEDIA_TYPE } from '../json-api/document/document.js';
import { ApiProperty, ApiPropertyOptional } from '../json-api/openapi/decorators.js';
import { IsBoolean, IsObject, IsOptional, IsString, Matches, MaxLength } from '../json-api/resource/class-validator.js';
import { FIELD_TYPES } from '../json-api/resource/field-types.js';
import { IsOfType } from '../json-api/write/body.js';

/** Body of `POST /auth/login`. */
export class LoginBody {
  @ApiProperty({ type: 'string', format: 'email', example: 'admin@example.com' })
  @IsOfType(FIELD_TYPES.string)
  email!: string;

  @ApiProperty({ type: 'string', format: 'password' })
  @IsString()
  password!: string;

  @ApiPropertyOptional({
    type: 'boolean',
    description: 'Put the tokens into cookies instead of the body; false without it',
  })
  @IsOptional()
  @IsBoolean()
  cookie?: boolean;
}

/** Digits of a code, which people read in two groups of three. */
const CODE = /^\d{3} ?\d{3}$/;
/** A recovery code, with or without a space or dash in the middle. */
const RECOVERY_CODE = /^[0-9A-Za-z]{5}[ -]?[0-9A-Za-z]{5}$/;

/** Rule of a code of an authenticator app. */
export const IsCode = (): PropertyDecorator =>
  Matches(CODE, {
    message: 'must be the six digits of a code',
    context: { rule: 'format', parameters: { expected: 'code' } },
  });

/** A second factor in a body: one of its members. */
export class SecondFactorBody {
  @ApiPropertyOptional({ type: 'string', example: '492039', description: 'Six digits of an authenticator app' })
  @IsOptional()
  @IsString()
  @IsCode()
  code?: string;

  @ApiPropertyOptional({ type: 'string', example: '7K3M9PXQ2T' })
  @IsOptional()
  @IsString()
  @Matches(RECOVERY_CODE, {
    message: 'must be the ten characters of a recovery code',
    context: { rule: 'format', parameters: { expected: 'recovery_code' } },
  })
  recovery_code?: string;

  @ApiPropertyOptional({
    type: 'object',
    properties: { transaction: { type: 'string' }, response: { type: 'object', additionalProperties: true } },
    required: ['transaction', 'response'],
    description: 'The response of a passkey',
  })
  @IsOptional()
  @IsObject()
  passkey?: Readonly<Record<string, unknown>>;
}

/** Body of `POST /auth/mfa`. */
export class MfaBody extends SecondFactorBody {
  @ApiProperty({ type: 'string', description: 'Out of `meta` of the error `mfa_required`' })
  @IsString()
  @MaxLength(MAX_TOKEN)
  mfa_token!: string;

  @ApiPropertyOptional({
    type: 'boolean',
    description: 'Ask for no second factor on this device for `TRUSTED_DEVICE_DAYS`; false without it',
  })
  @IsOptional()
  @IsBoolean()
  trust_device?: boolean;

  @ApiPropertyOptional({
    type: 'boolean',
    description: 'Put the tokens into cookies instead of the body; false without it',
  })
  @IsOptional()
  @IsBoolean()
  cookie?: boolean;
}

/** Body of `POST /auth/reauthenticate`. */
export class ReauthenticateBody extends SecondFactorBody {
  @ApiPropertyOptional({ type: 'string', format: 'password', description: 'Required unless there is a passkey' })
  @IsOptional()
  @IsString()
  password?: string;
}

/** Body of `POST /auth/refresh`; browsers with cookies send none. */
export class RefreshBody {
  @ApiPropertyOptional({ type: 'string' })
  @IsOptional()
  @IsString()
  refresh_token?: string;
}

/** Body of `POST /auth/logout`. */
export class LogoutBody {
  @ApiPropertyOptional({ type: 'boolean', description: 'End every session of the account; false without it' })
  @IsOptional()
  @IsBoolean()
  everywhere?: boolean;

  @ApiPropertyOptional({
    type: 'boolean',
    description: 'End every session of the account but this one; false without it',
  })
  @IsOptional()
  @IsBoolean()
  others?: boolean;

  @ApiPropertyOptional({ type: 'string', description: 'Names the session when the access token has expired' })
  @IsOptional()
  @IsString()
  refresh_token?: string;

  @ApiPropertyOptional({
    type: 'boolean',
    description:
      'Sign out also at the identity provider that the session came from: `meta.end_session_url` is where the browser goes, if there is such a place; false without it',
  })
  @IsOptional()
  @IsBoolean()
  provider?: boolean;

  @ApiPropertyOptional({
    type: 'string',
    description: 'Where the provider leads then: at `APP_URL`, or one of `RETURN_URLS`, and registered at the provider',
  })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_RETURN_TO)
  return_to?: string;
}

/** Schema of the document of the signed-in account, type `iam:account_auths`, for OpenAPI. */
export const AUTH_SCHEMA = {
  type: 'object',
  properties: {
    jsonapi: JSONAPI_SCHEMA,
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

/** The content of a response with such a document, for OpenAPI. */
export const AUTH_CONTENT = {
  content: { [MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/AccountAuthDocument' } } },
};
