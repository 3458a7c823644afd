import { Global, Module } from '@nestjs/common';
import { BreachedPasswords } from './policy/breached-passwords.js';
import { CredentialsRepository } from './credentials.repository.js';
import { HashQueueSignals, PasswordHasher } from './hashing/password.hasher.js';
import { PasswordChangedMailer } from './password-changed.mailer.js';
import { PasswordPolicy } from './policy/password.policy.js';
import { PasswordsController } from './passwords.controller.js';
import { PasswordsService } from './passwords.service.js';
import { ResetMailer } from './reset.mailer.js';
import { TokensRepository, TokenSweep } from './tokens.repository.js';

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
    TokensRepository,
    TokenSweep,
  ],
  exports: [CredentialsRepository, PasswordPolicy, PasswordHasher, PasswordsService, TokensRepository],
})
export class PasswordsModule {}
