import { Module, type OnModuleInit } from '@nestjs/common';
import { PersonalData } from '../personal-data/personal-data.js';
import { OrganizationDeletionService } from './organization-deletion.service.js';
import { OrganizationsController } from './organizations.controller.js';
import { OrganizationsRepository, PERSONAL_MEMBERSHIPS } from './organizations.repository.js';
import { OrganizationsService } from './organizations.service.js';

/** Organizations as a resource. */
@Module({
  controllers: [OrganizationsController],
  providers: [OrganizationDeletionService, OrganizationsRepository, OrganizationsService],
  exports: [OrganizationsRepository, OrganizationsService],
})
export class OrganizationsModule implements OnModuleInit {
  constructor(private readonly data: PersonalData) {}

  onModuleInit(): void {
    this.data.register(PERSONAL_MEMBERSHIPS);
  }
}
