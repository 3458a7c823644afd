import { Controller, Get, Header, Inject, Param } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiTags } from '../../json-api/openapi/decorators.js';
import { Public } from '../../auth/authorization/actor.js';
import { AccessTokens } from '../../auth/tokens/access-tokens.js';
import { Config } from '../../config/config.js';
import { baseUrl } from '../../config/own-url.js';
import { apiError } from '../../json-api/document/errors.js';
import { ApiErrors, Unprefixed } from '../../json-api/http/routes.js';

/** What clients need to know of the token endpoint (RFC 8414, section 2). */
export interface ServerMetadata {
  readonly issuer: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly grant_types_supported: readonly string[];
  readonly response_types_supported: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly string[];
}

const strings = { type: 'array', items: { type: 'string' } };
const METADATA = {
  type: 'object',
  properties: {
    issuer: { type: 'string' },
    token_endpoint: { type: 'string', format: 'uri' },
    jwks_uri: { type: 'string', format: 'uri' },
    grant_types_supported: strings,
    response_types_supported: { ...strings, maxItems: 0, description: 'None: there is no authorization endpoint' },
    token_endpoint_auth_methods_supported: strings,
  },
  required: ['issuer', 'token_endpoint', 'jwks_uri', 'grant_types_supported', 'response_types_supported'],
};

/** Metadata of the authorization server, where clients look for it: before the path of the issuer. */
@ApiTags('Authentication')
@Controller('.well-known/oauth-authorization-server')
@Unprefixed()
export class MetadataController {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly http: HttpAdapterHost,
    @Inject(Config)
    private readonly config: Pick<Config, 'appUrl' | 'host' | 'port' | 'publicPath' | 'apiPrefix'>,
  ) {}

  @Get()
  @Public()
  @Header('Content-Type', 'application/json')
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({
    operationId: 'oauth_authorization_server',
    summary: 'oauth_authorization_server',
    description: 'Metadata of the token endpoint (RFC 8414); with the path of the issuer behind it where it has one',
  })
  @ApiOkResponse({
    description: 'Successful response',
    content: { 'application/json': { schema: METADATA as object } },
  })
  @ApiErrors(400)
  show(): ServerMetadata {
    const origin = new URL(baseUrl(this.config, this.http)).origin;
    const base = `${origin}${this.config.publicPath}`;
    return {
      issuer: this.tokens.issuer,
      token_endpoint: `${base}${this.config.apiPrefix}/auth/token`,
      jwks_uri: `${base}/.well-known/jwks.json`,
      grant_types_supported: ['client_credentials'],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    };
  }

  /** @throws ApiError 404 where the issuer has another path */
  @Get('*')
  @Public()
  @Header('Content-Type', 'application/json')
  @Header('Cache-Control', 'public, max-age=300')
  @ApiExcludeEndpoint()
  showOfPath(@Param('*') path: string): ServerMetadata {
    if (pathOf(this.tokens.issuer) !== `/${path}`) throw apiError('not_found', 'There is nothing at this address');
    return this.show();
  }
}

/** The path of an issuer without a slash at its end; empty where it has none, or is no URL. */
const pathOf = (issuer: string): string => (URL.canParse(issuer) ? new URL(issuer).pathname.replace(/\/$/, '') : '');
