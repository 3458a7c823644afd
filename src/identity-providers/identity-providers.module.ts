import { Module, type OnModuleInit } from '@nestjs/common';
import { SignInMethods } from '../auth/authentication/sign-in-methods.repository.js';
import { PersonalData } from '../personal-data/personal-data.js';
import { ProviderClients } from './discovery/provider-clients.service.js';
import { ProviderKeys } from './discovery/provider-keys.service.js';
import { ProviderSettingsRepository } from './discovery/provider-settings.repository.js';
import { EnforcedProvidersRepository, isEnforcedFor } from './enforcement/enforced-providers.repository.js';
import { ProviderEnforcement } from './enforcement/provider-enforcement.service.js';
import { DeclaredProvidersRepository } from './file/declared-providers.repository.js';
import { DeclaredProviders } from './file/declared-providers.js';
import { AccountIdentitiesController, LinkController } from './identities/account-identities.controller.js';
import { AccountIdentitiesRepository } from './identities/account-identities.repository.js';
import { AccountIdentitiesService } from './identities/account-identities.service.js';
import { hasIdentity, IdentitiesRepository, PERSONAL_IDENTITIES } from './identities/identities.repository.js';
import { IdentityLinks } from './identities/identity-links.service.js';
import { IdentityMailer } from './identities/identity.mailer.js';
import { IdentityResolver } from './identities/identity-resolver.service.js';
import { IdentitySessions } from './identities/identity-sessions.service.js';
import { LinkStarts } from './identities/link-starts.service.js';
import { IdentitiesPageController } from './pages/identities.controller.js';
import { IdentitiesSection } from './pages/identities.section.js';
import { OfferedProvidersController } from './pages/offered-providers.controller.js';
import { OfferedProvidersRepository } from './pages/offered-providers.repository.js';
import { OfferedProviders } from './pages/offered-providers.service.js';
import {
  ConfirmIdentityController,
  ConfirmIdentityPageController,
  SsoProblemPageController,
} from './pages/sso-pages.controller.js';
import { DomainProofs } from './providers/domain-proofs.service.js';
import { IdentityProvidersController } from './providers/identity-providers.controller.js';
import { IdentityProvidersRepository } from './providers/identity-providers.repository.js';
import { IdentityProvidersService } from './providers/identity-providers.service.js';
import { ProviderClaimsService } from './sign-in/provider-claims.service.js';
import { ProviderSignIns } from './sign-in/provider-sign-in.service.js';
import { AuthorizationRequests } from './sign-in/authorization-requests.service.js';
import { SsoController } from './sign-in/sso.controller.js';
import { SsoExchangeController } from './sign-in/sso-exchange.controller.js';
import { BackchannelLogoutController } from './sign-out/backchannel-logout.controller.js';
import { BackchannelLogout } from './sign-out/backchannel-logout.service.js';
import { LogoutTokens } from './sign-out/logout-token.service.js';
import { ProviderEndSession } from './sign-out/provider-end-session.service.js';
import { ProviderSessionsRepository } from './sign-out/provider-sessions.repository.js';

/** Signing in with identity providers. */
@Module({
  controllers: [
    IdentityProvidersController,
    AccountIdentitiesController,
    LinkController,
    SsoExchangeController,
    BackchannelLogoutController,
    OfferedProvidersController,
    SsoController,
    SsoProblemPageController,
    ConfirmIdentityPageController,
    ConfirmIdentityController,
    IdentitiesPageController,
  ],
  providers: [
    AccountIdentitiesRepository,
    AccountIdentitiesService,
    BackchannelLogout,
    DeclaredProviders,
    DeclaredProvidersRepository,
    DomainProofs,
    EnforcedProvidersRepository,
    IdentitiesRepository,
    IdentityLinks,
    IdentityMailer,
    IdentityProvidersRepository,
    IdentityProvidersService,
    IdentitiesSection,
    IdentityResolver,
    IdentitySessions,
    LinkStarts,
    LogoutTokens,
    OfferedProviders,
    OfferedProvidersRepository,
    ProviderClaimsService,
    ProviderClients,
    ProviderEndSession,
    ProviderEnforcement,
    ProviderKeys,
    ProviderSessionsRepository,
    ProviderSettingsRepository,
    ProviderSignIns,
    AuthorizationRequests,
  ],
})
export class IdentityProvidersModule implements OnModuleInit {
  constructor(
    private readonly data: PersonalData,
    private readonly signInMethods: SignInMethods,
  ) {}

  onModuleInit(): void {
    this.data.register(PERSONAL_IDENTITIES);
    this.signInMethods.register({
      name: 'identity',
      isHeldBy: hasIdentity,
      isRequiredOf: (account) => isEnforcedFor(account),
    });
  }
}
