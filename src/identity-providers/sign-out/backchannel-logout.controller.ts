import { Body, Controller, Header, HttpCode, Param, Post, Req, UseFilters } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiOperation,
  ApiParam,
  ApiResponse,
  ApiTags,
} from '../../json-api/openapi/decorators.js';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from '../../auth/authentication/client-address.js';
import { Public } from '../../auth/authorization/actor.js';
import { OAuthError, OAuthErrorFilter, OAuthErrorResponse } from '../../auth/oauth/oauth-errors.js';
import { OAUTH_FORM, OAuthForm } from '../../auth/oauth/oauth-form.js';
import { TakesBody } from '../../json-api/http/http.js';
import { BackchannelLogout } from './backchannel-logout.service.js';

const REQUEST = {
  type: 'object',
  properties: { logout_token: { type: 'string', description: 'JWT that the provider signed' } },
  required: ['logout_token'],
};

/** Takes the logout tokens of identity providers (OpenID Connect Back-Channel Logout 1.0). */
@ApiTags('Authentication')
@Controller('auth/sso')
export class BackchannelLogoutController {
  constructor(private readonly logout: BackchannelLogout) {}

  @Post(':slug/backchannel_logout')
  @Public()
  @TakesBody(OAUTH_FORM)
  @UseFilters(OAuthErrorFilter)
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'backchannel_logout',
    summary: 'backchannel_logout',
    description:
      'For identity providers: ends the sessions that came from a session, or an account, that signed out there',
  })
  @ApiParam({ name: 'slug', schema: { type: 'string' } })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ schema: REQUEST as object })
  @ApiResponse({ status: 200, description: 'The sessions have ended, or there were none' })
  @OAuthErrorResponse(400, '`invalid_request`')
  @OAuthErrorResponse(406, '`invalid_request`')
  @OAuthErrorResponse(413, '`invalid_request`')
  @OAuthErrorResponse(415, '`invalid_request`')
  @OAuthErrorResponse(429, '`temporarily_unavailable`')
  @OAuthErrorResponse(503, '`temporarily_unavailable`')
  async end(@Param('slug') slug: string, @Body() body: unknown, @Req() request: FastifyRequest): Promise<void> {
    if (!(body instanceof OAuthForm)) throw new OAuthError('invalid_request', 'Send a form');
    await this.logout.run(slug, body, clientAddress(request));
  }
}
