import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiResponse, ApiTags } from '../../json-api/openapi/decorators.js';
import { Public } from '../../auth/authorization/actor.js';
import { RateLimit } from '../../auth/rate-limit/rate-limiter.js';
import { MEDIA_TYPE } from '../../json-api/document/document.js';
import { apiError } from '../../json-api/document/errors.js';
import { ApiErrors, PlainParameters } from '../../json-api/http/routes.js';
import { MAX_EMAIL } from '../../accounts/account.policy.js';
import { isMailAddress } from '../../mail/mail.address.js';
import { PROVIDER_KINDS } from '../providers/provider-kinds.js';
import { OfferedProviders } from './offered-providers.service.js';

const SCHEMA = {
  type: 'object',
  properties: {
    jsonapi: { type: 'object', properties: { version: { type: 'string', enum: ['1.1'] } }, required: ['version'] },
    data: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          type: { type: 'string', enum: ['iam:sign_in_providers'] },
          id: { type: 'string', description: 'Slug: `GET /auth/sso/{slug}` is where browsers go' },
          attributes: {
            type: 'object',
            properties: {
              name: { type: 'string' },
              kind: { type: 'string', enum: [...PROVIDER_KINDS] },
              enforced: { type: 'boolean', description: 'Whether addresses of the domain sign in with it only' },
            },
            required: ['name', 'kind', 'enforced'],
          },
        },
        required: ['type', 'id', 'attributes'],
      },
    },
  },
  required: ['jsonapi', 'data'],
};

/** The providers that a sign-in page offers. */
@ApiTags('Authentication')
@Controller('auth/providers')
export class OfferedProvidersController {
  constructor(private readonly offered: OfferedProviders) {}

  @Get()
  @Public()
  @RateLimit('sign_in_providers')
  @PlainParameters('email')
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'sign_in_providers',
    summary: 'providers',
    description:
      'The identity providers to sign in with: those of the domain of an e-mail, whether or not there is such an account, ' +
      'and those for all accounts that have no domains',
  })
  @ApiQuery({ name: 'email', required: false, schema: { type: 'string', format: 'email' } })
  @ApiResponse({ status: 200, description: 'Successful response', content: { [MEDIA_TYPE]: { schema: SCHEMA } } })
  @ApiErrors(400, 429, 503)
  async index(@Query('email') email?: string) {
    if (email !== undefined && (email.length > MAX_EMAIL || !isMailAddress(email))) {
      throw apiError('invalid_parameter', 'email must be an e-mail address', { parameter: 'email' });
    }
    const providers = await this.offered.of(email ?? null);
    const data = providers.map(({ slug, ...attributes }) => ({ type: 'iam:sign_in_providers', id: slug, attributes }));
    return { jsonapi: { version: '1.1' }, data };
  }
}
