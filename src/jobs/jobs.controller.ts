import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '../json-api/openapi/decorators.js';
import type { Actor } from '../auth/authorization/actor.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import type { Item, Page } from '../json-api/document/response.js';
import { Criteria, Selection } from '../json-api/http/request.js';
import { JsonApiIndex, JsonApiShow } from '../json-api/http/routes.js';
import { JobResource } from './job.resource.js';
import { JobsRepository } from './jobs.repository.js';

/** Read the progress of long-running jobs. */
@ApiTags('Jobs')
@Controller('jobs')
export class JobsController {
  constructor(private readonly jobs: JobsRepository) {}

  @Get()
  @JsonApiIndex(JobResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.jobs.index(actor, criteria);
  }

  @Get(':resource_id')
  @JsonApiShow(JobResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.jobs.show(actor, id, select);
  }
}
