import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { EmailReverts } from '../accounts/email/email-reverts.js';
import { DeviceTrust } from '../auth/sessions/device-trust.js';
import { PersonalData } from '../personal-data/personal-data.js';
import { Sweeps } from '../sweeps/sweeps.js';
import { FactorAttemptsRepository, PERSONAL_ATTEMPTS } from './factor-attempts.repository.js';
import { FactorAttempts } from './factor-attempts.service.js';
import { FactorChanges } from './factor-changes.service.js';
import { FactorResetsController } from './factor-resets.controller.js';
import { FactorResets } from './factor-resets.service.js';
import { FactorStatesRepository, PERSONAL_FACTOR_STATES } from './factor-states.repository.js';
import { FactorsMailer } from './factors.mailer.js';
import { OwnDevices } from './pages/own-devices.service.js';
import { OwnFactors } from './pages/own-factors.service.js';
import { RecoveryCodesView } from './pages/recovery-codes.view.js';
import { SecondFactorsPageController } from './pages/second-factors.controller.js';
import { SecondFactorsView } from './pages/second-factors.view.js';
import { RecoveryCodesController } from './recovery-codes/recovery-codes.controller.js';
import { PERSONAL_RECOVERY_CODES, RecoveryCodesRepository } from './recovery-codes/recovery-codes.repository.js';
import { RecoveryCodesService } from './recovery-codes/recovery-codes.service.js';
import { AccountFactorsController } from './totp/account-factors.controller.js';
import { ABANDONED_FACTORS, AccountFactorsRepository, PERSONAL_FACTORS } from './totp/account-factors.repository.js';
import { AccountFactorsService } from './totp/account-factors.service.js';
import { OperatorFactors } from './totp/operator-factors.service.js';
import { TotpFactor } from './totp/totp.factor.js';
import { StoredDeviceTrust } from './trusted-devices/device-trust.service.js';
import { TrustedDevicesController } from './trusted-devices/trusted-devices.controller.js';
import {
  EXPIRED_DEVICES,
  PERSONAL_DEVICES,
  TrustedDevicesRepository,
} from './trusted-devices/trusted-devices.repository.js';
import { TrustedDevicesService } from './trusted-devices/trusted-devices.service.js';

const PERSONAL_TABLES = [
  PERSONAL_ATTEMPTS,
  PERSONAL_DEVICES,
  PERSONAL_FACTOR_STATES,
  PERSONAL_FACTORS,
  PERSONAL_RECOVERY_CODES,
];

/** Second factors: authenticator apps, recovery codes and trusted devices. */
@Global()
@Module({
  controllers: [
    AccountFactorsController,
    FactorResetsController,
    RecoveryCodesController,
    SecondFactorsPageController,
    TrustedDevicesController,
  ],
  providers: [
    AccountFactorsRepository,
    AccountFactorsService,
    FactorAttempts,
    FactorAttemptsRepository,
    FactorChanges,
    FactorResets,
    FactorsMailer,
    FactorStatesRepository,
    OperatorFactors,
    OwnDevices,
    OwnFactors,
    RecoveryCodesRepository,
    RecoveryCodesService,
    RecoveryCodesView,
    SecondFactorsView,
    TotpFactor,
    TrustedDevicesRepository,
    TrustedDevicesService,
    { provide: DeviceTrust, useClass: StoredDeviceTrust },
  ],
  exports: [DeviceTrust, FactorChanges],
})
export class SecondFactorsModule implements OnModuleInit {
  constructor(
    private readonly sweeps: Sweeps,
    private readonly data: PersonalData,
    private readonly reverts: EmailReverts,
    private readonly changes: FactorChanges,
  ) {}

  onModuleInit(): void {
    this.sweeps.register(ABANDONED_FACTORS, EXPIRED_DEVICES);
    this.reverts.register(({ accountId, since }, tx) => this.changes.removeSince(accountId, since, tx));
    for (const table of PERSONAL_TABLES) this.data.register(table);
  }
}
