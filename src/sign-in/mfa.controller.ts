import { Body, Controller, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '../json-api/openapi/decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAddress } from '../auth/authentication/client-address.js';
import { SecondFactors } from '../auth/authentication/second-factors.repository.js';
import { Public } from '../auth/authorization/actor.js';
import { RateLimit } from '../auth/rate-limit/rate-limiter.js';
import { MEDIA_TYPE } from '../json-api/document/document.js';
import { ApiError } from '../json-api/document/errors.js';
import { brokenRule } from '../json-api/document/rules.js';
import { ApiErrors } from '../json-api/http/routes.js';
import { readFlatBody } from '../json-api/write/body.js';
import { BrowserSessions } from './sign-in.service.js';
import { SecondStep } from './second-step.service.js';
import { AUTH_CONTENT, MfaBody } from './sign-in.dto.js';

/** The second step of a sign-in. */
@ApiTags('Authentication')
@Controller('auth')
export class MfaController {
  constructor(
    private readonly secondStep: SecondStep,
    private readonly factors: SecondFactors,
    private readonly browsers: BrowserSessions,
  ) {}

  @Post('mfa')
  @Public()
  @RateLimit('second_factor')
  @HttpCode(200)
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'mfa',
    summary: 'mfa',
    description:
      'Start the session of a sign-in that got `mfa_required`, with one of its `meta.factors`. After ten wrong codes, over ' +
      'all sign-ins, codes are locked for 15 minutes, and twice as long each further time',
  })
  @ApiBody({ type: MfaBody })
  @ApiResponse({ status: 200, description: 'Signed in', ...AUTH_CONTENT })
  @ApiErrors(400, 401, 403, 404, 413, 415, 422, 429, 503)
  async mfa(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const {
      mfa_token: token,
      cookie = false,
      trust_device: trustDevice = false,
      ...others
    } = readFlatBody(MfaBody, body);
    const factor = this.factors.sentIn(others);
    if (!factor) throw new ApiError([brokenRule('required', { name: 'code', source: { pointer: '/code' } })]);
    const proof = await this.secondStep.prove(token, factor, clientAddress(request));
    const signedIn = await this.browsers.start(request, reply, { ...proof, trustDevice });
    return this.browsers.respond(reply, signedIn, cookie);
  }
}
