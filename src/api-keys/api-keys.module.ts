import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { EmailReverts } from '../accounts/email/email-reverts.js';
import { ApiKeyActors } from '../auth/authentication/api-key-access.js';
import { ActiveKeys } from '../passwords/password-changed.mailer.js';
import { PersonalData } from '../personal-data/personal-data.js';
import { Sweeps } from '../sweeps/sweeps.js';
import { ApiKeyMailer } from './mails/api-key.mailer.js';
import { ApiKeyRemindersRepository } from './mails/api-key-reminders.repository.js';
import { ApiKeyRules } from './api-key.rules.js';
import { ApiKeySecretsRepository } from './api-key-secrets.repository.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysRepository, EXPIRED_API_KEYS, PERSONAL_KEYS } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';
import { CachedApiKeyActors } from './cached-api-key-actors.js';
import { MetadataController } from './tokens/metadata.controller.js';
import { OperatorKeysService } from './operator-keys.service.js';
import { TokenController } from './tokens/token.controller.js';
import { TokensService } from './tokens/tokens.service.js';
import { KeyOwners } from './key-owners.service.js';

/** API keys: as a resource, and as credentials of requests. */
@Global()
@Module({
  controllers: [ApiKeysController, MetadataController, TokenController],
  providers: [
    ApiKeyMailer,
    ApiKeyRemindersRepository,
    ApiKeyRules,
    ApiKeySecretsRepository,
    ApiKeysRepository,
    ApiKeysService,
    KeyOwners,
    OperatorKeysService,
    TokensService,
    { provide: ActiveKeys, useExisting: ApiKeySecretsRepository },
    { provide: ApiKeyActors, useClass: CachedApiKeyActors },
  ],
  exports: [ActiveKeys, ApiKeyActors, ApiKeysRepository, ApiKeysService, OperatorKeysService],
})
export class ApiKeysModule implements OnModuleInit {
  constructor(
    private readonly sweeps: Sweeps,
    private readonly data: PersonalData,
    private readonly reverts: EmailReverts,
    private readonly keys: ApiKeysRepository,
  ) {}

  onModuleInit(): void {
    this.sweeps.register(EXPIRED_API_KEYS);
    this.data.register(PERSONAL_KEYS, ({ id }, tx) => this.keys.erase(id, tx));
    this.reverts.register(({ accountId, since }, tx) => this.keys.deleteMadeSince(accountId, since, tx));
  }
}
