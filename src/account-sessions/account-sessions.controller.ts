import { Controller, Delete, Get, Param } from '@nestjs/common';
import { ApiTags } from '../json-api/openapi/decorators.js';
import type { Actor } from '../auth/authorization/actor.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import type { Item, Page } from '../json-api/document/response.js';
import { Criteria, IfMatch, Selection } from '../json-api/http/request.js';
import { JsonApiDelete, JsonApiIndex, JsonApiShow } from '../json-api/http/routes.js';
import { AccountSessionResource } from './account-session.resource.js';
import { AccountSessionsService } from './account-sessions.service.js';

/** Manage account sessions for user authentication, including listing active sessions and deleting sessions. */
@ApiTags('Account Sessions')
@Controller('account_sessions')
export class AccountSessionsController {
  constructor(private readonly sessions: AccountSessionsService) {}

  @Get()
  @JsonApiIndex(AccountSessionResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.sessions.index(actor, criteria);
  }

  @Get(':resource_id')
  @JsonApiShow(AccountSessionResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.sessions.show(actor, id, select);
  }

  @Delete(':resource_id')
  @JsonApiDelete(AccountSessionResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.sessions.delete(actor, id, ifMatch);
  }
}
