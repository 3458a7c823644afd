import { Global, Module } from '@nestjs/common';
import { JobsController } from './jobs.controller.js';
import { JobsRepository } from './jobs.repository.js';
import { JobsService } from './jobs.service.js';

/** Jobs: what takes longer than a request. Feature modules register their kinds with `JobsService`. */
@Global()
@Module({ controllers: [JobsController], providers: [JobsRepository, JobsService], exports: [JobsService] })
export class JobsModule {}
