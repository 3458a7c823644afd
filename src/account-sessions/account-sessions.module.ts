import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { SessionStore } from '../auth/sessions/session.store.js';
import { Sweeps } from '../sweeps/sweeps.js';
import { AccountSessionsController } from './account-sessions.controller.js';
import { AccountSessionsRepository } from './account-sessions.repository.js';
import { AccountSessionsService } from './account-sessions.service.js';
import { EXPIRED_SESSIONS } from './session-ends.repository.js';
import { SessionsRepository } from './sessions.repository.js';

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
  constructor(private readonly sweeps: Sweeps) {}

  onModuleInit(): void {
    this.sweeps.register(EXPIRED_SESSIONS);
  }
}
