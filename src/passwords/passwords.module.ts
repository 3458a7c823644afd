import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { SignInMethods } from '../auth/authentication/sign-in-methods.repository.js';
import { PersonalData } from '../personal-data/personal-data.js';
import { BreachedPasswords } from './policy/breached-passwords.js';
import { CredentialsRepository, hasPassword, PERSONAL_CREDENTIALS } from './credentials.repository.js';
import { HashQueueSignals, PasswordHasher } from './hashing/password.hasher.js';
import { PasswordChangedMailer } from './password-changed.mailer.js';
import { PasswordPolicy } from './policy/password.policy.js';
import { PasswordsController } from './passwords.controller.js';
import { PasswordsService } from './passwords.service.js';
import { ResetMailer } from './reset.mailer.js';

/** Passwords: policy, hashing, resets and changes. */
@Global()
@Module({
  controllers: [PasswordsController],
  providers: [
    BreachedPasswords,
    CredentialsRepository,
    PasswordPolicy,
    PasswordHasher,
    HashQueueSignals,
    PasswordsService,
    ResetMailer,
    PasswordChangedMailer,
  ],
  exports: [CredentialsRepository, PasswordPolicy, PasswordHasher, PasswordsService, ResetMailer],
})
export class PasswordsModule implements OnModuleInit {
  constructor(
    private readonly data: PersonalData,
    private readonly signInMethods: SignInMethods,
  ) {}

  onModuleInit(): void {
    this.data.register(PERSONAL_CREDENTIALS);
    this.signInMethods.register({ name: 'password', isHeldBy: hasPassword });
  }
}
