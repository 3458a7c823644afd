import { Module } from '@nestjs/common';
import { OrganizationDeletionService } from './organization-deletion.service.js';
import { OrganizationsController } from './organizations.controller.js';
import { OrganizationsRepository } from './organizations.repository.js';
import { OrganizationsService } from './organizations.service.js';

/** Organizations as a resource. */
@Module({
  controllers: [OrganizationsController],
  providers: [OrganizationDeletionService, OrganizationsRepository, OrganizationsService],
  exports: [OrganizationsRepository, OrganizationsService],
})
export class OrganizationsModule {}
