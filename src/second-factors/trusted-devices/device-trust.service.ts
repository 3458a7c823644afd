import { Inject, Injectable } from '@nestjs/common';
import {
  type DeviceClient,
  type DeviceCookie,
  DeviceTrust,
  TRUSTED_DEVICE_COOKIE,
} from '../../auth/sessions/device-trust.js';
import { hashToken, newToken } from '../../auth/tokens/secrets.js';
import { Config } from '../../config/config.js';
import { Audit } from '../../events/audit.js';
import type { Transaction } from '../../json-api/sql/sql.js';
import { deviceName } from '../../sign-in/device-name.js';
import { TrustedDevicesRepository } from './trusted-devices.repository.js';

/** Maximum number of accounts whose trust one browser keeps. */
const MAX_ACCOUNTS = 5;
/** The form of a token of this service. */
const TOKEN = /^[\w-]{43}$/;
/** The name of a client without a user agent. */
const UNKNOWN = 'Unknown device';
const DAY_SECONDS = 24 * 3600;

/** The tokens in the cookie of a client, newest first: one for each account, at most as many as are written. */
const tokensIn = ({ cookies }: DeviceClient): string[] =>
  (cookies[TRUSTED_DEVICE_COOKIE] ?? '').split('~', MAX_ACCOUNTS).filter((token) => TOKEN.test(token));

/** Trust in devices: a random token in a cookie, whose hash is a row. */
@Injectable()
export class StoredDeviceTrust extends DeviceTrust {
  readonly days: number;

  constructor(
    private readonly devices: TrustedDevicesRepository,
    private readonly audit: Audit,
    @Inject(Config) { trustedDeviceDays }: Pick<Config, 'trustedDeviceDays'>,
  ) {
    super();
    this.days = trustedDeviceDays;
  }

  async use(tx: Transaction, accountId: string, client: DeviceClient): Promise<boolean> {
    const hashes = tokensIn(client).map(hashToken);
    return this.days > 0 && hashes.length > 0 && this.devices.use(accountId, hashes, tx);
  }

  async trust(tx: Transaction, accountId: string, client: DeviceClient): Promise<DeviceCookie | null> {
    const { days } = this;
    if (days === 0) return null;
    const sent = tokensIn(client);
    const replaced = await this.devices.removeByHash(accountId, sent.map(hashToken), tx);
    const { token, hash } = newToken();
    const name = deviceName(client.userAgent) || UNKNOWN;
    const id = await this.devices.add({ accountId, hash, name, days }, tx);
    const target = { type: this.devices.resource.type, id };
    await this.audit.record(tx, { action: 'iam:trusted_devices.created', actorId: accountId, target });
    const others = sent.filter((other) => !replaced.includes(hashToken(other)));
    return { value: [token, ...others].slice(0, MAX_ACCOUNTS).join('~'), seconds: days * DAY_SECONDS };
  }

  endAll(tx: Transaction, accountId: string): Promise<void> {
    return this.devices.removeAll(accountId, tx);
  }

  endSomeTrustedBy(tx: Transaction, time: Date): Promise<boolean> {
    return this.devices.removeSomeTrustedBy(time, tx);
  }
}
