import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../auth/authorization/actor.js';
import { ResourceRepository } from '../../json-api/resource.repository.js';
import { type Sql, sql, type Transaction } from '../../json-api/sql/sql.js';
import { passwordVersionOf } from '../../passwords/credentials.repository.js';
import type { PersonalTable } from '../../personal-data/personal-data.js';
import type { Sweep } from '../../sweeps/sweeps.js';
import { factorVersionOf } from '../factor-states.repository.js';
import type { TrustedDevice } from './trusted-device.entity.js';
import { TrustedDeviceResource } from './trusted-device.resource.js';

/** Trusted devices of an account, without the hashes of their cookies. */
export const PERSONAL_DEVICES: PersonalTable = {
  table: 'trusted_devices',
  key: 'id',
  accounts: { account_id: ['hash'] },
};

/** Expired devices. */
export const EXPIRED_DEVICES: Sweep = {
  table: 'trusted_devices',
  key: 'id',
  expired: sql`expires_at <= now()`,
  by: 'expires_at',
  everySeconds: 3_600,
};

/** Maximum number of trusted devices of an account: a further one takes the place of the one that was not used for longest. */
export const MAX_DEVICES = 20;

/** Rows that one statement deletes. */
const MAX_ENDED = 2_000;

/** A device to trust. */
export interface NewDevice {
  readonly accountId: string;
  readonly hash: string;
  readonly name: string;
  /** How long it is trusted. */
  readonly days: number;
}

/** The devices of an account that are still trusted: not expired, with the present password and factors. */
const trustedBy = (account: Sql): Sql => sql`row.account_id = ${account} AND row.expires_at > now()
  AND row.password_version = ${passwordVersionOf(account)} AND row.factor_version = ${factorVersionOf(account)}`;

/** The scope `*` is the same as `own`: not even an admin sees the devices of others. */
const ofActor = ({ id }: Actor): Sql => trustedBy(sql`${id}::uuid`);

/** Trusted devices. Only their owner sees and deletes them, whatever the role. */
@Injectable()
export class TrustedDevicesRepository extends ResourceRepository<TrustedDevice, Actor> {
  readonly resource = TrustedDeviceResource;

  protected readonly scopeConditions = { '*': ofActor, own: ofActor };

  /** Records the use of the device with one of these hashes. False where the account trusts none of them. */
  async use(accountId: string, hashes: readonly string[], tx: Transaction): Promise<boolean> {
    const rows = await tx.query(sql`
      UPDATE trusted_devices AS row SET last_used_at = now()
      WHERE ${trustedBy(sql`${accountId}::uuid`)} AND row.hash = ANY(${hashes}::text[]) RETURNING row.id`);
    return rows.length > 0;
  }

  /** Adds a device with the present password and factors of its account, and gives its id. */
  async add({ accountId, hash, name, days }: NewDevice, tx: Transaction): Promise<string> {
    const id = uuidv7();
    const account = sql`${accountId}::uuid`;
    await tx.query(sql`
      INSERT INTO trusted_devices (id, account_id, hash, name, password_version, factor_version, expires_at)
      SELECT ${id}::uuid, ${account}, ${hash}, ${name}, ${passwordVersionOf(account)}, ${factorVersionOf(account)},
        now() + make_interval(days => ${days}::int)`);
    await tx.query(sql`
      DELETE FROM trusted_devices WHERE id IN (
        SELECT id FROM trusted_devices WHERE account_id = ${accountId} AND id <> ${id}
        ORDER BY coalesce(last_used_at, created_at) DESC, id DESC OFFSET ${MAX_DEVICES - 1}::int)`);
    return id;
  }

  /** Removes the devices of an account with these hashes, and gives the hashes that there were. */
  async removeByHash(accountId: string, hashes: readonly string[], tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ hash: string }>(sql`
      DELETE FROM trusted_devices
      WHERE account_id = ${accountId} AND hash = ANY(${hashes}::text[]) RETURNING hash`);
    return rows.map(({ hash }) => hash);
  }

  async removeAll(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`DELETE FROM trusted_devices WHERE account_id = ${accountId}`);
  }

  /** Removes some of the devices of all accounts that were trusted by then. True when none is left. */
  async removeSomeTrustedBy(time: Date, tx: Transaction): Promise<boolean> {
    const rows = await tx.query(sql`
      DELETE FROM trusted_devices WHERE id IN (
        SELECT id FROM trusted_devices WHERE created_at <= ${time} ORDER BY id LIMIT ${MAX_ENDED} FOR UPDATE)
      RETURNING id`);
    return rows.length < MAX_ENDED;
  }
}
