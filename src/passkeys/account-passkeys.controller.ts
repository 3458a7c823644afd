import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '../json-api/openapi/decorators.js';
import { RejectsApiKeys } from '../auth/authentication/api-key-access.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import { OpenWithoutFactor, RequiresFreshSignIn } from '../auth/authentication/fresh-sign-in.js';
import { type Actor, Requires } from '../auth/authorization/actor.js';
import { MEDIA_TYPE } from '../json-api/document/document.js';
import type { Item, Page } from '../json-api/document/response.js';
import { Criteria, Document, IfMatch, Selection } from '../json-api/http/request.js';
import {
  ApiErrors,
  JsonApiDelete,
  JsonApiIndex,
  JsonApiShow,
  JsonApiUpdate,
  RespondsWith,
} from '../json-api/http/routes.js';
import { readFlatBody } from '../json-api/write/body.js';
import type { UpdateDocument } from '../json-api/write/write-document.js';
import { AccountPasskeyResource } from './account-passkey.resource.js';
import { AccountPasskeysService } from './account-passkeys.service.js';
import { optionsDocument } from './options-document.js';
import { PasskeyRegistrationService } from './passkey-registration.service.js';
import { AddPasskeyBody } from './passkeys.dto.js';
import { attestationIn } from './webauthn/responses.js';

/** The passkeys of the own account: add, rename and remove them. */
@ApiTags('Account Passkeys')
@RejectsApiKeys()
@OpenWithoutFactor()
@Controller('account_passkeys')
export class AccountPasskeysController {
  constructor(
    private readonly passkeys: AccountPasskeysService,
    private readonly registration: PasskeyRegistrationService,
  ) {}

  @Get()
  @JsonApiIndex(AccountPasskeyResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.passkeys.index(actor, criteria);
  }

  @Post('options')
  @RequiresFreshSignIn()
  @Requires('iam:account_passkeys', 'create')
  @HttpCode(200)
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'account_passkeys_options',
    summary: 'options',
    description: 'A challenge for a new passkey, with the options for `navigator.credentials.create()`',
  })
  @ApiResponse({
    status: 200,
    description: 'Successful response',
    content: { [MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/PasskeyOptions' } } },
  })
  @ApiErrors(400, 401, 404, 413, 415, 429, 503)
  async options(@CurrentActor() actor: Actor) {
    return optionsDocument(await this.registration.options(actor));
  }

  @Post()
  @RequiresFreshSignIn()
  @Requires('iam:account_passkeys', 'create')
  @HttpCode(200)
  @RespondsWith(AccountPasskeyResource)
  @ApiOperation({
    operationId: 'account_passkeys_add',
    summary: 'add',
    description: 'Add the passkey that a browser made for the options',
  })
  @ApiBody({ type: AddPasskeyBody })
  @ApiErrors(400, 401, 404, 409, 413, 415, 422, 429, 503)
  add(@CurrentActor() actor: Actor, @Body() body: unknown): Promise<Item> {
    const { response, ...sent } = readFlatBody(AddPasskeyBody, body);
    return this.registration.add(actor, { ...sent, response: attestationIn(response, '/response') });
  }

  @Get(':resource_id')
  @JsonApiShow(AccountPasskeyResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.passkeys.show(actor, id, select);
  }

  @Patch(':resource_id')
  @RequiresFreshSignIn()
  @JsonApiUpdate(AccountPasskeyResource)
  update(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Document() document: UpdateDocument<typeof AccountPasskeyResource>,
  ): Promise<Item> {
    return this.passkeys.update(actor, id, document);
  }

  @Delete(':resource_id')
  @RequiresFreshSignIn()
  @JsonApiDelete(AccountPasskeyResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.passkeys.delete(actor, id, ifMatch);
  }
}
