import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessTokens } from './access-tokens.js';
import { ActorCache } from './actor-cache.js';
import { ActorLoader } from './actor-loader.js';
import { AuthChangeFeed } from './auth-change.feed.js';
import { AuthChanges } from './auth-changes.js';
import { AuthSweeps } from './auth.sweeps.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { BodyGuard } from './body.guard.js';
import { Cookies } from './cookies.js';
import { CrossSite } from './cross-site.js';
import { JwksController } from './jwks.controller.js';
import { KnownDevice } from './known-device.js';
import { CountingConnections } from './rate-limit/counting-connections.js';
import { WriteLimit } from './rate-limit/write-limit.js';
import { WritesGuard } from './rate-limit/writes.guard.js';
import { RefreshTokens } from './refresh-tokens.js';
import { RightsGuard } from './rights.guard.js';
import { RolesCheck } from './roles.check.js';
import { Roles } from './roles.js';
import { SecretBox } from './secrets.js';
import { SessionStore } from './session.store.js';
import { SigningKeys } from './signing-keys.js';
import { Throttle } from './throttle.js';

const services = [
  AccessTokens,
  ActorLoader,
  AuthChanges,
  Cookies,
  CrossSite,
  KnownDevice,
  RefreshTokens,
  Roles,
  SecretBox,
  SessionStore,
  Throttle,
];

/** Who is asking and what they may do. Its guards stand in front of every route; its services are everybody's. */
@Global()
@Module({
  controllers: [JwksController],
  providers: [
    ...services,
    ActorCache,
    AuthChangeFeed,
    AuthSweeps,
    CountingConnections,
    SigningKeys,
    RolesCheck,
    WriteLimit,
    // In this order: who it is, how much they write, what was sent, whether they may.
    { provide: APP_GUARD, useClass: AuthenticationGuard },
    { provide: APP_GUARD, useClass: WritesGuard },
    { provide: APP_GUARD, useClass: BodyGuard },
    { provide: APP_GUARD, useClass: RightsGuard },
  ],
  exports: services,
})
export class AuthModule {}
