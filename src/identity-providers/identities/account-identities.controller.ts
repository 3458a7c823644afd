import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '../../json-api/openapi/decorators.js';
import { RejectsApiKeys } from '../../auth/authentication/api-key-access.js';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { RequiresFreshSignIn } from '../../auth/authentication/fresh-sign-in.js';
import { type Actor, SignedIn } from '../../auth/authorization/actor.js';
import { MEDIA_TYPE } from '../../json-api/document/document.js';
import type { Item, Page } from '../../json-api/document/response.js';
import { Criteria, IfMatch, Selection } from '../../json-api/http/request.js';
import { ApiErrors, JsonApiDelete, JsonApiIndex, JsonApiShow } from '../../json-api/http/routes.js';
import { readFlatBody } from '../../json-api/write/body.js';
import { LinkBody } from '../sign-in/sso.dto.js';
import { AccountIdentityResource } from './account-identity.resource.js';
import { AccountIdentitiesService } from './account-identities.service.js';
import { LinkStarts } from './link-starts.service.js';

/** The identities with which accounts sign in at providers. */
@ApiTags('Account Identities')
@RejectsApiKeys()
@Controller('account_identities')
export class AccountIdentitiesController {
  constructor(private readonly identities: AccountIdentitiesService) {}

  @Get()
  @JsonApiIndex(AccountIdentityResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.identities.index(actor, criteria);
  }

  @Get(':resource_id')
  @JsonApiShow(AccountIdentityResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.identities.show(actor, id, select);
  }

  @Delete(':resource_id')
  @RequiresFreshSignIn()
  @JsonApiDelete(AccountIdentityResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.identities.delete(actor, id, ifMatch);
  }
}

/** Links an identity to the actor's own account. */
@ApiTags('Account Identities')
@RejectsApiKeys()
@Controller('account/identities')
export class LinkController {
  constructor(private readonly links: LinkStarts) {}

  @Post(':slug')
  @RequiresFreshSignIn()
  @SignedIn()
  @HttpCode(200)
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'link_identity',
    summary: 'link',
    description: 'Begin to link an identity at a provider to the own account; `meta.url` is where the browser goes',
  })
  @ApiParam({ name: 'slug', schema: { type: 'string' } })
  @ApiBody({ type: LinkBody, required: false })
  @ApiResponse({
    status: 200,
    description: 'Where to go, within ten minutes',
    content: {
      [MEDIA_TYPE]: {
        schema: {
          type: 'object',
          properties: {
            jsonapi: { type: 'object', properties: { version: { type: 'string', enum: ['1.1'] } } },
            meta: { type: 'object', properties: { url: { type: 'string', format: 'uri' } }, required: ['url'] },
          },
          required: ['jsonapi', 'meta'],
        },
      },
    },
  })
  @ApiErrors(400, 401, 403, 404, 413, 415, 422, 429, 503)
  async link(@CurrentActor() actor: Actor, @Param('slug') slug: string, @Body() body: unknown) {
    const { return_to: returnTo, code_challenge: challenge } = readFlatBody(LinkBody, body ?? {});
    const url = await this.links.start(actor, slug, { returnTo: returnTo ?? null, challenge: challenge ?? null });
    return { jsonapi: { version: '1.1' }, meta: { url: url.href } };
  }
}
