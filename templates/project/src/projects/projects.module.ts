import { Module } from '@nestjs/common';
import { ProjectsController } from './projects.controller.js';
import { ProjectsRepository } from './projects.repository.js';
import { ProjectsService } from './projects.service.js';

/** Projects of organizations. */
@Module({ controllers: [ProjectsController], providers: [ProjectsRepository, ProjectsService] })
export class ProjectsModule {}
