import { Global, Module } from '@nestjs/common';
import { BrowserSessions, SignInService } from './sign-in.service.js';
import { MfaController } from './mfa.controller.js';
import { NewSignInMailer } from './new-sign-in.mailer.js';
import { ReauthenticationService } from './reauthentication.service.js';
import { SecondStep } from './second-step.service.js';
import { RefreshService } from './refresh.service.js';
import { SessionStarts, SessionTokens, SignInRequirements } from './session-starts.service.js';
import { SignInController } from './sign-in.controller.js';
import { SignOutService } from './sign-out.service.js';
import { UpstreamSignOut } from './upstream-sign-out.js';

const services = [
  BrowserSessions,
  ReauthenticationService,
  RefreshService,
  SecondStep,
  SessionStarts,
  SessionTokens,
  SignInRequirements,
  SignInService,
  SignOutService,
  UpstreamSignOut,
];

/** Signing in, staying signed in, signing out. */
@Global()
@Module({
  controllers: [MfaController, SignInController],
  providers: [...services, NewSignInMailer],
  exports: services,
})
export class SignInModule {}
