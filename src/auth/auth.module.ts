import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { PersonalData } from '../personal-data/personal-data.js';
import { Sweeps } from '../sweeps/sweeps.js';
import { AccessTokens } from './tokens/access-tokens.js';
import { ActorCache, ActorLoader } from './sessions/actor-loader.js';
import { AuthChangeFeed } from './sessions/auth-change.feed.js';
import { AuthChanges } from './sessions/auth-changes.js';
import { OLD_CHANGES, PERSONAL_CHANGES } from './sessions/auth-changes.repository.js';
import { AuthenticationGuard, BodyGuard, FreshSignInGuard, RightsGuard, WritesGuard } from './guards.js';
import { SessionRestrictions } from './sessions/session-restrictions.js';
import { Cookies, KnownDevice } from './tokens/cookies.js';
import { CrossSite } from './authentication/authentication.js';
import { Reauthentication } from './authentication/fresh-sign-in.js';
import { SecondFactors } from './authentication/second-factors.repository.js';
import { SignInMethods } from './authentication/sign-in-methods.repository.js';
import { JwksController } from './tokens/jwks.controller.js';
import { AttemptsRepository, CountingConnections, ENDED_ATTEMPTS } from './rate-limit/attempts.repository.js';
import { WriteLimit } from './rate-limit/write-limit.js';
import { RefreshTokens, SecretBox } from './tokens/secrets.js';
import { ReturnUrls } from './return-urls.js';
import { RolesCheck } from './authorization/roles-check.js';
import { Roles } from './authorization/roles.js';
import { SigningKeys } from './tokens/signing-keys.js';
import { RateLimiter } from './rate-limit/rate-limiter.js';

const services = [
  AccessTokens,
  ActorCache,
  ActorLoader,
  AuthChanges,
  Cookies,
  CrossSite,
  KnownDevice,
  Reauthentication,
  RefreshTokens,
  ReturnUrls,
  Roles,
  RolesCheck,
  SecondFactors,
  SecretBox,
  SessionRestrictions,
  RateLimiter,
  SignInMethods,
];

/** Authentication and authorization. Its guards run on every route; its services are global. */
@Global()
@Module({
  imports: [DiscoveryModule],
  controllers: [JwksController],
  providers: [
    ...services,
    AuthChangeFeed,
    AttemptsRepository,
    CountingConnections,
    SigningKeys,
    WriteLimit,
    // In this order: authentication, write limit, body, authorization, age of the sign-in.
    { provide: APP_GUARD, useClass: AuthenticationGuard },
    { provide: APP_GUARD, useClass: WritesGuard },
    { provide: APP_GUARD, useClass: BodyGuard },
    { provide: APP_GUARD, useClass: RightsGuard },
    { provide: APP_GUARD, useClass: FreshSignInGuard },
  ],
  exports: services,
})
export class AuthModule implements OnModuleInit {
  constructor(
    private readonly sweeps: Sweeps,
    private readonly data: PersonalData,
  ) {}

  onModuleInit(): void {
    this.sweeps.register(ENDED_ATTEMPTS, OLD_CHANGES);
    this.data.register(PERSONAL_CHANGES);
  }
}
