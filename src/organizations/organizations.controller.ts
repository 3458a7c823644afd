import { Controller, Delete, Get, Param, Patch, Post } from '@nestjs/common';
import { ApiTags } from '../json-api/openapi/decorators.js';
import type { Actor } from '../auth/authorization/actor.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import type { Item, Page } from '../json-api/document/response.js';
import { Criteria, Document, IfMatch, Selection } from '../json-api/http/request.js';
import {
  RespondsWithJob,
  JsonApiCreate,
  JsonApiDelete,
  JsonApiIndex,
  JsonApiShow,
  JsonApiUpdate,
  TakesConfirmation,
} from '../json-api/http/routes.js';
import type { CreateDocument, UpdateDocument } from '../json-api/write/write-document.js';
import { JobResource } from '../jobs/job.resource.js';
import { OrganizationResource } from './organization.resource.js';
import { OrganizationsService } from './organizations.service.js';

/** Manage organizations within the system, including creation, updating, retrieval, and deletion. */
@ApiTags('Organizations')
@Controller('organizations')
export class OrganizationsController {
  constructor(private readonly organizations: OrganizationsService) {}

  @Get()
  @JsonApiIndex(OrganizationResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.organizations.index(actor, criteria);
  }

  @Post()
  @JsonApiCreate(OrganizationResource)
  create(
    @CurrentActor() actor: Actor,
    @Document() document: CreateDocument<typeof OrganizationResource>,
  ): Promise<Item> {
    return this.organizations.create(actor, document);
  }

  @Get(':resource_id')
  @JsonApiShow(OrganizationResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.organizations.show(actor, id, select);
  }

  @Patch(':resource_id')
  @TakesConfirmation()
  @JsonApiUpdate(OrganizationResource)
  update(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Document() document: UpdateDocument<typeof OrganizationResource>,
  ): Promise<Item> {
    return this.organizations.update(actor, id, document);
  }

  @Delete(':resource_id')
  @JsonApiDelete(OrganizationResource)
  @RespondsWithJob(JobResource)
  delete(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @IfMatch() ifMatch: IfMatch,
  ): Promise<Item | undefined> {
    return this.organizations.remove(actor, id, ifMatch);
  }
}
