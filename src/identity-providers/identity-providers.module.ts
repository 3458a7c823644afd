import { Module, type OnModuleInit } from '@nestjs/common';
import { PersonalData } from '../personal-data/personal-data.js';
import { ProviderClients } from './discovery/provider-clients.service.js';
import { ProviderSettingsRepository } from './discovery/provider-settings.repository.js';
import { DeclaredProvidersRepository } from './file/declared-providers.repository.js';
import { DeclaredProviders } from './file/declared-providers.js';
import { PERSONAL_IDENTITIES } from './identities/identities.repository.js';
import { DomainProofs } from './providers/domain-proofs.service.js';
import { IdentityProvidersController } from './providers/identity-providers.controller.js';
import { IdentityProvidersRepository } from './providers/identity-providers.repository.js';
import { IdentityProvidersService } from './providers/identity-providers.service.js';

/** Signing in with identity providers. */
@Module({
  controllers: [IdentityProvidersController],
  providers: [
    DeclaredProviders,
    DeclaredProvidersRepository,
    DomainProofs,
    IdentityProvidersRepository,
    IdentityProvidersService,
    ProviderClients,
    ProviderSettingsRepository,
  ],
})
export class IdentityProvidersModule implements OnModuleInit {
  constructor(private readonly data: PersonalData) {}

  onModuleInit(): void {
    this.data.register(PERSONAL_IDENTITIES);
  }
}
