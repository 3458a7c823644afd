import { Test, type TestingModule } from '@nestjs/testing';
import { SessionsRepository } from '../../src/account-sessions/sessions.repository.js';
import { AccountDirectoryRepository } from '../../src/accounts/account-directory.repository.js';
import { InvitationMailer } from '../../src/accounts/invitations/invitation.mailer.js';
import { RoleChangedMailer } from '../../src/accounts/role-changed.mailer.js';
import { SecondFactors } from '../../src/auth/authentication/second-factors.repository.js';
import { ActorCache } from '../../src/auth/sessions/actor-loader.js';
import { AuthChanges } from '../../src/auth/sessions/auth-changes.js';
import { SessionStore } from '../../src/auth/sessions/session.store.js';
import { SecretBox } from '../../src/auth/tokens/secrets.js';
import type { Config } from '../../src/config/config.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { MailRecipients } from '../../src/mail/mail.address.js';
import { MailModule } from '../../src/mail/mail.module.js';
import { OutboxSettings } from '../../src/outbox/outbox.handlers.js';
import { PasswordOwners } from '../../src/passwords/credentials.repository.js';
import { ActiveKeys, PasswordChangedMailer } from '../../src/passwords/password-changed.mailer.js';
import { ResetMailer } from '../../src/passwords/reset.mailer.js';
import { OneTimeTokensRepository } from '../../src/one-time-tokens/one-time-tokens.repository.js';
import { PersonalDataModule } from '../../src/personal-data/personal-data.module.js';
import { NewSignInMailer } from '../../src/sign-in/new-sign-in.mailer.js';
import { FastSettings } from '../outbox/outbox-fixture.js';

/** The real modules between a transaction and a relay, in a hurry and without the rest of the service; started. */
export async function startMailModule(config: Config): Promise<TestingModule> {
  const module = await Test.createTestingModule({
    imports: [ConfigModule.register(config), DatabaseModule.register({}), PersonalDataModule, MailModule],
    providers: [
      SecretBox,
      OneTimeTokensRepository,
      SecondFactors,
      AccountDirectoryRepository,
      { provide: MailRecipients, useExisting: AccountDirectoryRepository },
      { provide: PasswordOwners, useExisting: AccountDirectoryRepository },
      AuthChanges,
      ActorCache,
      { provide: SessionStore, useClass: SessionsRepository },
      { provide: ActiveKeys, useValue: { count: () => Promise.resolve(0) } },
      InvitationMailer,
      ResetMailer,
      PasswordChangedMailer,
      RoleChangedMailer,
      NewSignInMailer,
    ],
  })
    .overrideProvider(OutboxSettings)
    .useClass(FastSettings)
    .compile();
  return module.init();
}
