import { Body, Controller, Header, Headers, HttpCode, Post, Req, UseFilters } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '../../json-api/openapi/decorators.js';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from '../../auth/authentication/client-address.js';
import { Public } from '../../auth/authorization/actor.js';
import { OAuthError, OAuthErrorFilter, OAuthErrorResponse } from '../../auth/oauth/oauth-errors.js';
import { OAUTH_FORM, OAuthForm } from '../../auth/oauth/oauth-form.js';
import { TakesBody } from '../../json-api/http/http.js';
import { type IssuedToken, TokensService } from './tokens.service.js';

const json = (schema: object) => ({ content: { 'application/json': { schema } } });

const TOKEN = {
  type: 'object',
  properties: {
    access_token: { type: 'string', description: 'Access token (JWT) of at most an hour' },
    token_type: { const: 'Bearer' },
    expires_in: { type: 'integer', description: 'Seconds' },
  },
  required: ['access_token', 'token_type', 'expires_in'],
};
const REQUEST = {
  type: 'object',
  properties: {
    grant_type: { const: 'client_credentials' },
    client_id: { type: 'string', description: 'Id of the API key; or by HTTP Basic' },
    client_secret: { type: 'string', description: 'The API key; or by HTTP Basic' },
  },
  required: ['grant_type'],
};

/** OAuth 2.0 for machines: the token endpoint (RFC 6749). */
@ApiTags('Authentication')
@Controller('auth')
export class TokenController {
  constructor(private readonly tokens: TokensService) {}

  @Post('token')
  @Public()
  @TakesBody(OAUTH_FORM)
  @UseFilters(OAuthErrorFilter)
  @HttpCode(200)
  @Header('Content-Type', 'application/json')
  @Header('Cache-Control', 'no-store')
  @Header('Pragma', 'no-cache')
  @ApiOperation({
    operationId: 'token',
    summary: 'token',
    description: 'Exchange an API key for an access token, for services that verify tokens by themselves',
  })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ schema: REQUEST as object })
  @ApiResponse({ status: 200, description: 'A token', ...json(TOKEN) })
  @OAuthErrorResponse(400, '`invalid_request`, `unsupported_grant_type`, `invalid_scope`')
  @OAuthErrorResponse(401, '`invalid_client`')
  @OAuthErrorResponse(406, '`invalid_request`')
  @OAuthErrorResponse(413, '`invalid_request`')
  @OAuthErrorResponse(415, '`invalid_request`')
  @OAuthErrorResponse(429, '`temporarily_unavailable`')
  @OAuthErrorResponse(503, '`temporarily_unavailable`')
  issue(
    @Body() body: unknown,
    @Headers('authorization') authorization: string | undefined,
    @Req() request: FastifyRequest,
  ): Promise<IssuedToken> {
    if (!(body instanceof OAuthForm)) throw new OAuthError('invalid_request', 'Send a form');
    return this.tokens.issue(body, authorization, clientAddress(request));
  }
}
