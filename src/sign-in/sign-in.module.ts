import { Global, Module } from '@nestjs/common';
import { BrowserSessions } from './browser-sessions.service.js';
import { NewSignInMailer } from './new-sign-in.mailer.js';
import { ReauthenticationService } from './reauthentication.service.js';
import { SessionTokens } from './session-tokens.js';
import { SignInController } from './sign-in.controller.js';
import { SignInService } from './sign-in.service.js';
import { SignOutService } from './sign-out.service.js';

/** Signing in, staying signed in, signing out. */
@Global()
@Module({
  controllers: [SignInController],
  providers: [BrowserSessions, NewSignInMailer, ReauthenticationService, SessionTokens, SignInService, SignOutService],
  exports: [BrowserSessions, ReauthenticationService, SessionTokens, SignInService, SignOutService],
})
export class SignInModule {}
