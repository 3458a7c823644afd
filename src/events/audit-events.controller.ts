import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '../json-api/openapi/decorators.js';
import type { Actor } from '../auth/authorization/actor.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import type { Item, Page } from '../json-api/document/response.js';
import { Criteria, Selection } from '../json-api/http/request.js';
import { JsonApiIndex, JsonApiShow } from '../json-api/http/routes.js';
import { AuditEventResource } from './audit-event.resource.js';
import { AuditEventsRepository } from './audit-events.repository.js';

/** Read the audit trail: who did what, to which row, when and from where. */
@ApiTags('Audit Events')
@Controller('audit_events')
export class AuditEventsController {
  constructor(private readonly events: AuditEventsRepository) {}

  @Get()
  @JsonApiIndex(AuditEventResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.events.index(actor, criteria);
  }

  @Get(':resource_id')
  @JsonApiShow(AuditEventResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.events.show(actor, id, select);
  }
}
