import { Module } from '@nestjs/common';
import { AccountSessionsController } from './account-sessions.controller.js';
import { AccountSessionsRepository } from './account-sessions.repository.js';
import { AccountSessionsService } from './account-sessions.service.js';

/** Sessions as a resource. */
@Module({
  controllers: [AccountSessionsController],
  providers: [AccountSessionsRepository, AccountSessionsService],
  exports: [AccountSessionsRepository, AccountSessionsService],
})
export class AccountSessionsModule {}
