import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { SessionStore } from '../auth/sessions/session.store.js';
import { PersonalData } from '../personal-data/personal-data.js';
import { Sweeps } from '../sweeps/sweeps.js';
import { AccountSessionsController } from './account-sessions.controller.js';
import { AccountSessionsRepository } from './account-sessions.repository.js';
import { AccountSessionsService } from './account-sessions.service.js';
import { EXPIRED_SESSIONS } from './session-ends.repository.js';
import { PERSONAL_SESSIONS, SessionsRepository } from './sessions.repository.js';

/** Sessions: as a resource, and the store that signing in writes them to. */
@Global()
@Module({
  controllers: [AccountSessionsController],
  providers: [
    AccountSessionsRepository,
    AccountSessionsService,
    { provide: SessionStore, useClass: SessionsRepository },
  ],
  exports: [AccountSessionsRepository, AccountSessionsService, SessionStore],
})
export class AccountSessionsModule implements OnModuleInit {
  constructor(
    private readonly sweeps: Sweeps,
    private readonly data: PersonalData,
  ) {}

  onModuleInit(): void {
    this.sweeps.register(EXPIRED_SESSIONS);
    this.data.register(PERSONAL_SESSIONS);
  }
}
