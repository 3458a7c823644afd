import { Global, Module } from '@nestjs/common';
import { PersonalData, PersonalDataCheck } from './personal-data.js';
import { PersonalDataExport } from './personal-data.export.js';
import { PersonalDataRepository } from './personal-data.repository.js';

/** What is stored about people. Each module registers its own tables with `PersonalData`. */
@Global()
@Module({
  providers: [PersonalData, PersonalDataCheck, PersonalDataExport, PersonalDataRepository],
  exports: [PersonalData, PersonalDataCheck, PersonalDataExport],
})
export class PersonalDataModule {}
