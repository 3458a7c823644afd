import type { Transaction } from '../../json-api/sql/sql.js';
import type { SessionClient } from './session.js';

/** The cookie of devices that their owners trust. */
export const TRUSTED_DEVICE_COOKIE = 'trusted-device';

/** Where a session starts from. */
export interface DeviceClient extends SessionClient {
  /** The cookies of the request, by which a device is recognized. */
  readonly cookies: Readonly<Record<string, string | undefined>>;
}

/** The cookie of a device that was trusted. */
export interface DeviceCookie {
  readonly value: string;
  /** How long it lives. */
  readonly seconds: number;
}

/** Devices on which an account needs no second factor, which the owner of the table `trusted_devices` implements. */
export abstract class DeviceTrust {
  /** How long a device is trusted, in days; 0 where trusted devices are switched off. */
  abstract readonly days: number;

  /** Whether an account trusts the device of a client now; then the use is recorded. The account is expected to be locked. */
  abstract use(tx: Transaction, accountId: string, client: DeviceClient): Promise<boolean>;

  /**
   * Trusts the device of a client from now on, and gives its cookie; null where trusted devices are switched off. The
   * account is expected to be locked.
   */
  abstract trust(tx: Transaction, accountId: string, client: DeviceClient): Promise<DeviceCookie | null>;

  /** Ends the trust in all devices of an account. */
  abstract endAll(tx: Transaction, accountId: string): Promise<void>;

  /** Ends the trust in some of the devices of all accounts that were trusted by then. True when none is left. */
  abstract endSomeTrustedBy(tx: Transaction, time: Date): Promise<boolean>;
}
