import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '../../json-api/openapi/decorators.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { Requires } from '../../auth/authorization/actor.js';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { RejectsApiKeys } from '../../auth/authentication/api-key-access.js';
import { RequiresFreshSignIn } from '../../auth/authentication/fresh-sign-in.js';
import type { Item, Page } from '../../json-api/document/response.js';
import { Confirmed, Criteria, Document, IfMatch, Selection } from '../../json-api/http/request.js';
import {
  ApiErrors,
  JsonApiCreate,
  JsonApiDelete,
  JsonApiIndex,
  JsonApiShow,
  JsonApiUpdate,
  RespondsWith,
  TakesConfirmation,
} from '../../json-api/http/routes.js';
import { readFlatBody } from '../../json-api/write/body.js';
import type { CreateDocument, UpdateDocument } from '../../json-api/write/write-document.js';
import { IdentityProviderResource } from './identity-provider.resource.js';
import { VerifyDomainBody } from './identity-providers.dto.js';
import { IdentityProvidersService } from './identity-providers.service.js';

/** Manage the identity providers that accounts sign in with. */
@ApiTags('Identity Providers')
@RejectsApiKeys()
@Controller('identity_providers')
export class IdentityProvidersController {
  constructor(private readonly providers: IdentityProvidersService) {}

  @Get()
  @JsonApiIndex(IdentityProviderResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.providers.index(actor, criteria);
  }

  @Post()
  @RequiresFreshSignIn()
  @TakesConfirmation()
  @JsonApiCreate(IdentityProviderResource)
  create(
    @CurrentActor() actor: Actor,
    @Document() document: CreateDocument<typeof IdentityProviderResource>,
  ): Promise<Item> {
    return this.providers.create(actor, document);
  }

  @Get(':resource_id')
  @JsonApiShow(IdentityProviderResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.providers.show(actor, id, select);
  }

  @Patch(':resource_id')
  @RequiresFreshSignIn()
  @TakesConfirmation()
  @JsonApiUpdate(IdentityProviderResource)
  update(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Document() document: UpdateDocument<typeof IdentityProviderResource>,
  ): Promise<Item> {
    return this.providers.update(actor, id, document);
  }

  @Delete(':resource_id')
  @RequiresFreshSignIn()
  @JsonApiDelete(IdentityProviderResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.providers.delete(actor, id, ifMatch);
  }

  @Post(':resource_id/verify_domain')
  @RequiresFreshSignIn()
  @TakesConfirmation()
  @Requires('iam:identity_providers', 'update')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'identity_providers_verify_domain',
    summary: 'verify_domain',
    description: 'Look for the TXT record that proves a domain of the provider; `meta.records` names it',
  })
  @ApiParam({ name: 'resource_id', schema: { type: 'string' } })
  @ApiBody({ type: VerifyDomainBody })
  @RespondsWith(IdentityProviderResource)
  @ApiErrors(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
  verifyDomain(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Body() body: unknown,
    @Confirmed() confirmed: boolean,
  ): Promise<Item> {
    const { domain } = readFlatBody(VerifyDomainBody, body);
    return this.providers.verifyDomain(actor, id, domain, confirmed);
  }
}
