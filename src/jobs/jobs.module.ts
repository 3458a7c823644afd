import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { PersonalData } from '../personal-data/personal-data.js';
import { JobsController } from './jobs.controller.js';
import { JobsRepository, PERSONAL_JOBS } from './jobs.repository.js';
import { JobsService } from './jobs.service.js';

/** Jobs: what takes longer than a request. Feature modules register their kinds with `JobsService`. */
@Global()
@Module({ controllers: [JobsController], providers: [JobsRepository, JobsService], exports: [JobsService] })
export class JobsModule implements OnModuleInit {
  constructor(
    private readonly data: PersonalData,
    private readonly jobs: JobsRepository,
  ) {}

  onModuleInit(): void {
    this.data.register(PERSONAL_JOBS, ({ id }, tx) => this.jobs.erase(id, tx));
  }
}
