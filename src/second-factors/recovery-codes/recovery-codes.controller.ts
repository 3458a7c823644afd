import { Controller, Header, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../../json-api/openapi/decorators.js';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { OpenWithoutFactor, RequiresFreshSignIn } from '../../auth/authentication/fresh-sign-in.js';
import { type Actor, SignedIn } from '../../auth/authorization/actor.js';
import { JSONAPI_SCHEMA, MEDIA_TYPE } from '../../json-api/document/document.js';
import { ApiErrors } from '../../json-api/http/routes.js';
import { CODES } from './recovery-codes.js';
import { RecoveryCodesService } from './recovery-codes.service.js';

const SCHEMA = {
  type: 'object',
  properties: {
    jsonapi: JSONAPI_SCHEMA,
    meta: {
      type: 'object',
      properties: {
        codes: {
          type: 'array',
          items: { type: 'string', minLength: 10, maxLength: 10 },
          minItems: CODES,
          maxItems: CODES,
        },
      },
      required: ['codes'],
    },
  },
  required: ['jsonapi', 'meta'],
} as const;

/** Make recovery codes, for an account that has lost its second factor. */
@ApiTags('Second factors')
@OpenWithoutFactor()
@Controller('account/recovery_codes')
export class RecoveryCodesController {
  constructor(private readonly codes: RecoveryCodesService) {}

  @Post()
  @RequiresFreshSignIn()
  @SignedIn()
  @HttpCode(200)
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'make_recovery_codes',
    summary: 'make_recovery_codes',
    description:
      'Make ten recovery codes, each good once in place of a second factor, and show them this once. Earlier ones are void',
  })
  @ApiResponse({
    status: 200,
    description: 'The codes',
    content: { [MEDIA_TYPE]: { schema: SCHEMA as never } },
  })
  @ApiErrors(400, 401, 403, 409, 429, 503)
  async make(@CurrentActor() actor: Actor) {
    return { jsonapi: { version: '1.1' }, meta: { codes: await this.codes.make(actor) } };
  }
}
