import { Module, type OnModuleInit } from '@nestjs/common';
import { EmailReverts } from '../accounts/email/email-reverts.js';
import { SignInMethods } from '../auth/authentication/sign-in-methods.repository.js';
import { FALSE } from '../json-api/sql/sql.js';
import { PersonalData } from '../personal-data/personal-data.js';
import { AccountPasskeysController } from './account-passkeys.controller.js';
import { AccountPasskeysRepository, hasPasskey, PERSONAL_PASSKEYS } from './account-passkeys.repository.js';
import { AccountPasskeysService } from './account-passkeys.service.js';
import { PasskeyChallenges } from './passkey-challenges.service.js';
import { PasskeyController } from './passkey.controller.js';
import { PasskeyFactor } from './passkey.factor.js';
import { PasskeyProofs } from './passkey-proofs.service.js';
import { PasskeyRegistrationService } from './passkey-registration.service.js';
import { PasskeySignInService } from './passkey-sign-in.service.js';
import { OwnPasskeys } from './pages/own-passkeys.service.js';
import { PasskeyForms } from './pages/passkey.forms.js';
import { PasskeySignInPageController } from './pages/passkey-sign-in.controller.js';
import { PasskeysPageController } from './pages/passkeys.controller.js';
import { PasskeysView } from './pages/passkeys.view.js';
import { PasskeyMailer } from './passkey.mailer.js';

/** Passkeys (WebAuthn). */
@Module({
  controllers: [AccountPasskeysController, PasskeyController, PasskeySignInPageController, PasskeysPageController],
  providers: [
    AccountPasskeysRepository,
    AccountPasskeysService,
    PasskeyChallenges,
    PasskeyFactor,
    PasskeyMailer,
    PasskeyProofs,
    PasskeyForms,
    PasskeysView,
    OwnPasskeys,
    PasskeyRegistrationService,
    PasskeySignInService,
  ],
})
export class PasskeysModule implements OnModuleInit {
  constructor(
    private readonly passkeys: AccountPasskeysService,
    private readonly challenges: PasskeyChallenges,
    private readonly signInMethods: SignInMethods,
    private readonly reverts: EmailReverts,
    private readonly data: PersonalData,
  ) {}

  onModuleInit(): void {
    this.data.register(PERSONAL_PASSKEYS);
    this.reverts.register((change, tx) => this.passkeys.removeSince(change, tx));
    this.signInMethods.register({ name: 'passkey', isHeldBy: this.challenges.areOn ? hasPasskey : () => FALSE });
  }
}
