import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '../../json-api/openapi/decorators.js';
import { RejectsApiKeys } from '../../auth/authentication/api-key-access.js';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { OpenWithoutFactor, RequiresFreshSignIn } from '../../auth/authentication/fresh-sign-in.js';
import { type Actor, Requires } from '../../auth/authorization/actor.js';
import type { Item, Page } from '../../json-api/document/response.js';
import { Criteria, Document, IfMatch, Selection } from '../../json-api/http/request.js';
import {
  ApiErrors,
  JsonApiCreate,
  JsonApiDelete,
  JsonApiIndex,
  JsonApiShow,
  RespondsWith,
} from '../../json-api/http/routes.js';
import { readFlatBody } from '../../json-api/write/body.js';
import type { CreateDocument } from '../../json-api/write/write-document.js';
import { AccountFactorResource } from '../account-factor.resource.js';
import { AccountFactorsService } from './account-factors.service.js';
import { ConfirmFactorBody } from './account-factors.dto.js';

/** Add an authenticator app as a second factor. It counts once a code of it was shown. */
@ApiTags('Second factors')
@RejectsApiKeys()
@OpenWithoutFactor()
@Controller('account_factors')
export class AccountFactorsController {
  constructor(private readonly factors: AccountFactorsService) {}

  @Get()
  @JsonApiIndex(AccountFactorResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.factors.index(actor, criteria);
  }

  @Post()
  @RequiresFreshSignIn()
  @JsonApiCreate(AccountFactorResource)
  create(
    @CurrentActor() actor: Actor,
    @Document() document: CreateDocument<typeof AccountFactorResource>,
  ): Promise<Item> {
    return this.factors.create(actor, document);
  }

  @Get(':resource_id')
  @JsonApiShow(AccountFactorResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.factors.show(actor, id, select);
  }

  @Post(':id/confirm')
  @RequiresFreshSignIn()
  @Requires('iam:account_factors', 'create')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'confirm_account_factor',
    summary: 'confirm',
    description:
      'Show a code of a new factor, which counts from then on. With the first one, all other sessions of the account end',
  })
  @ApiParam({ name: 'id', schema: { type: 'string' } })
  @ApiBody({ type: ConfirmFactorBody })
  @RespondsWith(AccountFactorResource)
  @ApiErrors(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
  confirm(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown): Promise<Item> {
    return this.factors.confirm(actor, id, () => readFlatBody(ConfirmFactorBody, body).code);
  }

  @Delete(':resource_id')
  @RequiresFreshSignIn()
  @JsonApiDelete(AccountFactorResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.factors.delete(actor, id, ifMatch);
  }
}
