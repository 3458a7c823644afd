import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { SecondFactors } from '../auth/authentication/second-factors.repository.js';
import { Roles } from '../auth/authorization/roles.js';
import { ActorSource } from '../auth/sessions/actor-loader.js';
import { MailRecipients } from '../mail/mail.address.js';
import { PersonalData } from '../personal-data/personal-data.js';
import { PasswordOwners } from '../passwords/credentials.repository.js';
import { AccountDirectoryRepository, PERSONAL_ACCOUNTS } from './account-directory.repository.js';
import { AccountLocales, AccountRules } from './account.rules.js';
import { AccountScopes } from './account.scopes.js';
import { AccountsController } from './accounts.controller.js';
import { AccountsRepository } from './accounts.repository.js';
import { AccountsService } from './accounts.service.js';
import { ApiKeyGrants } from './api-key-grants.js';
import { AdminAccounts } from './admins/admin-accounts.js';
import { AdminsRepository } from './admins/admins.repository.js';
import { EmailChangeMailer } from './email/email-change.mailer.js';
import { EmailChangesService } from './email/email-changes.service.js';
import { EmailController } from './email/email.controller.js';
import { EmailRequestsService } from './email/email-requests.service.js';
import { EmailReverts } from './email/email-reverts.js';
import { EmailsRepository } from './email/emails.repository.js';
import { FederatedAccountsRepository } from './federated/federated-accounts.repository.js';
import { FederatedAccounts } from './federated/federated-accounts.service.js';
import { FirstAdmin } from './admins/first-admin.js';
import { InvitationMailer } from './invitations/invitation.mailer.js';
import { InvitationsService } from './invitations/invitations.service.js';
import { JoiningService } from './invitations/joining.service.js';
import { LastAdmin } from './admins/last-admin.js';
import { PersonalDataController } from './personal-data.controller.js';
import { RoleChangedMailer } from './role-changed.mailer.js';
import { TakenEmails } from './invitations/taken-emails.js';

/** Accounts and their invitations. */
@Global()
@Module({
  controllers: [AccountsController, EmailController, PersonalDataController],
  providers: [
    AccountDirectoryRepository,
    { provide: ActorSource, useExisting: AccountDirectoryRepository },
    { provide: MailRecipients, useExisting: AccountDirectoryRepository },
    { provide: PasswordOwners, useExisting: AccountDirectoryRepository },
    AdminsRepository,
    AccountsRepository,
    AccountLocales,
    AccountRules,
    AccountsService,
    AccountScopes,
    AdminAccounts,
    ApiKeyGrants,
    EmailChangeMailer,
    EmailChangesService,
    EmailRequestsService,
    EmailReverts,
    EmailsRepository,
    FederatedAccounts,
    FederatedAccountsRepository,
    FirstAdmin,
    InvitationMailer,
    InvitationsService,
    JoiningService,
    LastAdmin,
    RoleChangedMailer,
    TakenEmails,
  ],
  exports: [
    AccountDirectoryRepository,
    ActorSource,
    MailRecipients,
    PasswordOwners,
    AccountLocales,
    AccountRules,
    AccountsRepository,
    AccountsService,
    EmailChangesService,
    EmailRequestsService,
    EmailReverts,
    FederatedAccounts,
    FederatedAccountsRepository,
    JoiningService,
  ],
})
export class AccountsModule implements OnModuleInit {
  constructor(
    private readonly data: PersonalData,
    private readonly factors: SecondFactors,
    private readonly roles: Roles,
    private readonly directory: AccountDirectoryRepository,
  ) {}

  onModuleInit(): void {
    this.factors.requireWhere(this.directory.factorRequirement(this.roles.requiringFactor()));
    this.data.register(PERSONAL_ACCOUNTS);
  }
}
