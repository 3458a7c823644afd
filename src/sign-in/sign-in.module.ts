import { Module } from '@nestjs/common';
import { NewSignInMailer } from './new-sign-in.mailer.js';
import { ReauthenticationService } from './reauthentication.service.js';
import { SessionTokens } from './session-tokens.js';
import { SignInController } from './sign-in.controller.js';
import { SignInService } from './sign-in.service.js';
import { SignOutService } from './sign-out.service.js';

/** Signing in, staying signed in, signing out. */
@Module({
  controllers: [SignInController],
  providers: [NewSignInMailer, ReauthenticationService, SessionTokens, SignInService, SignOutService],
  exports: [SessionTokens],
})
export class SignInModule {}
