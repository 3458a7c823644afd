import { Controller, Delete, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiParam, ApiTags } from '../json-api/openapi/decorators.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import { RequiresFreshSignIn } from '../auth/authentication/fresh-sign-in.js';
import { type Actor, Requires } from '../auth/authorization/actor.js';
import { ApiErrors } from '../json-api/http/routes.js';
import { FactorResets } from './factor-resets.service.js';

/** Remove the second factors of an account whose owner lost them. */
@ApiTags('Second factors')
@Controller('accounts')
export class FactorResetsController {
  constructor(private readonly resets: FactorResets) {}

  @Delete(':id/factors')
  @RequiresFreshSignIn()
  @Requires('iam:accounts', 'update')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'accounts_reset_factors',
    summary: 'reset_factors',
    description:
      'Remove all second factors, passkeys and recovery codes of an account that ranks below your own, and all of whose ' +
      'organizations are yours. All its sessions end, and its owner is mailed',
  })
  @ApiParam({ name: 'id', schema: { type: 'string' } })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 403, 404, 429, 503)
  reset(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<void> {
    return this.resets.reset(actor, id);
  }
}
