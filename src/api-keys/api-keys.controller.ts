import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '../json-api/openapi/decorators.js';
import { RejectsApiKeys } from '../auth/authentication/api-key-access.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import { RequiresFreshSignIn } from '../auth/authentication/fresh-sign-in.js';
import { type Actor, Requires } from '../auth/authorization/actor.js';
import type { Item, Page } from '../json-api/document/response.js';
import { Criteria, Document, IfMatch, Selection } from '../json-api/http/request.js';
import {
  ApiErrors,
  JsonApiCreate,
  JsonApiDelete,
  JsonApiIndex,
  JsonApiShow,
  JsonApiUpdate,
  RespondsWith,
} from '../json-api/http/routes.js';
import { readFlatBody } from '../json-api/write/body.js';
import type { CreateDocument, UpdateDocument } from '../json-api/write/write-document.js';
import { ApiKeyResource } from './api-key.resource.js';
import { RotateBody } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';

/** Manage API keys, of the own account and of services: make, list, rotate, revoke. No API key reaches them. */
@ApiTags('API Keys')
@Controller('api_keys')
@RejectsApiKeys()
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Get()
  @JsonApiIndex(ApiKeyResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.keys.index(actor, criteria);
  }

  @Post()
  @RequiresFreshSignIn()
  @JsonApiCreate(ApiKeyResource)
  create(@CurrentActor() actor: Actor, @Document() document: CreateDocument<typeof ApiKeyResource>): Promise<Item> {
    return this.keys.create(actor, document);
  }

  @Get(':resource_id')
  @JsonApiShow(ApiKeyResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.keys.show(actor, id, select);
  }

  @Patch(':resource_id')
  @JsonApiUpdate(ApiKeyResource)
  update(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Document() document: UpdateDocument<typeof ApiKeyResource>,
  ): Promise<Item> {
    return this.keys.update(actor, id, document);
  }

  @Delete(':resource_id')
  @JsonApiDelete(ApiKeyResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.keys.delete(actor, id, ifMatch);
  }

  @Post(':id/rotate')
  @RequiresFreshSignIn()
  @Requires('iam:api_keys', 'rotate')
  @HttpCode(200)
  @RespondsWith(ApiKeyResource)
  @ApiOperation({
    operationId: 'api_keys_rotate',
    summary: 'rotate',
    description:
      'Replace the key by a new one, which `meta.key` shows this once. The former one stays good for the overlap',
  })
  @ApiParam({ name: 'id', schema: { type: 'string' } })
  @ApiBody({ type: RotateBody, required: false })
  @ApiErrors(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
  rotate(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: unknown): Promise<Item> {
    const { overlap_seconds: overlap = 0 } = readFlatBody(RotateBody, body ?? {});
    return this.keys.rotate(actor, id, overlap);
  }

  @Post(':id/revoke')
  @Requires('iam:api_keys', 'revoke')
  @HttpCode(200)
  @RespondsWith(ApiKeyResource)
  @ApiOperation({ operationId: 'api_keys_revoke', summary: 'revoke', description: 'End the key at once, for ever' })
  @ApiParam({ name: 'id', schema: { type: 'string' } })
  @ApiErrors(400, 401, 403, 404, 413, 415, 429, 503)
  revoke(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<Item> {
    return this.keys.revoke(actor, id);
  }
}
