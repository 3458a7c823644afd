import { Module } from '@nestjs/common';
import { NewSignInMailer } from './new-sign-in.mailer.js';
import { SignInController } from './sign-in.controller.js';
import { SignInService } from './sign-in.service.js';
import { SignOutService } from './sign-out.service.js';

/** Signing in, staying signed in, signing out. */
@Module({ controllers: [SignInController], providers: [NewSignInMailer, SignInService, SignOutService] })
export class SignInModule {}
