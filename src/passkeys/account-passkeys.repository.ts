import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../auth/authorization/actor.js';
import { ResourceRepository } from '../json-api/resource.repository.js';
import { type Sql, sql, type Transaction } from '../json-api/sql/sql.js';
import type { PersonalTable } from '../personal-data/personal-data.js';
import type { AccountPasskey } from './account-passkey.entity.js';
import { AccountPasskeyResource } from './account-passkey.resource.js';

/** Passkeys of an account. The service has no secret of theirs: the private keys are in the authenticators. */
export const PERSONAL_PASSKEYS: PersonalTable = {
  table: 'account_passkeys',
  key: 'id',
  accounts: { account_id: [] },
};

/** Maximum number of passkeys of an account. */
export const MAX_PASSKEYS = 20;

/** A passkey to add. */
export type NewPasskey = Pick<
  AccountPasskey,
  'accountId' | 'name' | 'credentialId' | 'publicKey' | 'transports' | 'backupEligible' | 'backedUp'
> & { readonly signCount: number };

/** A passkey, for the verification of a signature. */
export type StoredPasskey = Pick<AccountPasskey, 'id' | 'accountId' | 'name' | 'publicKey' | 'backupEligible'> & {
  readonly signCount: number;
};

/** A credential as options name it. */
export interface KnownCredential {
  readonly credentialId: Buffer;
  readonly transports: string[];
}

/** What an authenticator reports with a signature. */
export interface PasskeyUse {
  readonly signCount: number;
  readonly backedUp: boolean;
}

/** Whether an account has a passkey. @param account the account's id */
export const hasPasskey = (account: Sql): Sql =>
  sql`EXISTS (SELECT FROM account_passkeys passkey WHERE passkey.account_id = ${account})`;

/** Passkeys. Only their owner sees and writes them, whatever the role. */
@Injectable()
export class AccountPasskeysRepository extends ResourceRepository<AccountPasskey, Actor> {
  readonly resource = AccountPasskeyResource;

  protected readonly scopeConditions = { '*': ofActor, own: ofActor };

  /**
   * Locks an enabled account, so that concurrent requests do not exceed the maximum of passkeys and challenges; false
   * where there is none.
   */
  async lockOwner(accountId: string, tx: Transaction): Promise<boolean> {
    const rows = await tx.query(sql`
      SELECT id FROM accounts WHERE id = ${accountId} AND enabled FOR NO KEY UPDATE`);
    return rows.length > 0;
  }

  /** The credentials of an account, oldest first. */
  credentialsOf(accountId: string, tx: Pick<Transaction, 'query'>): Promise<KnownCredential[]> {
    return tx.query<KnownCredential>(sql`
      SELECT credential_id AS "credentialId", transports FROM account_passkeys
      WHERE account_id = ${accountId} ORDER BY id LIMIT ${MAX_PASSKEYS}`);
  }

  /** The passkey of a credential id; undefined where there is none. */
  async findByCredential(credentialId: Buffer, tx: Pick<Transaction, 'query'>): Promise<StoredPasskey | undefined> {
    const [row] = await tx.query<Omit<StoredPasskey, 'signCount'> & { sign_count: string }>(sql`
      SELECT id, account_id AS "accountId", name, public_key AS "publicKey", backup_eligible AS "backupEligible",
        sign_count
      FROM account_passkeys WHERE credential_id = ${credentialId}`);
    if (!row) return undefined;
    const { sign_count: signCount, ...passkey } = row;
    return { ...passkey, signCount: Number(signCount) };
  }

  /** Adds a passkey to an account that is locked, and gives its id; null at the maximum number. */
  async add(passkey: NewPasskey, tx: Transaction): Promise<string | null> {
    const { accountId, name, credentialId, publicKey, signCount, transports, backupEligible, backedUp } = passkey;
    const [row] = await tx.query<{ id: string }>(sql`
      INSERT INTO account_passkeys
        (id, account_id, name, credential_id, public_key, sign_count, transports, backup_eligible, backed_up)
      SELECT ${uuidv7()}::uuid, ${accountId}::uuid, ${name}, ${credentialId}::bytea, ${publicKey}::bytea,
        ${signCount}::bigint, ${transports}::varchar[], ${backupEligible}::boolean, ${backedUp}::boolean
      WHERE (SELECT count(*) FROM account_passkeys WHERE account_id = ${accountId}) < ${MAX_PASSKEYS}::int
      RETURNING id`);
    return row?.id ?? null;
  }

  /**
   * Records the use of a passkey. False, and nothing is recorded, when it is gone, or when it is bound to one device and
   * its counter has not grown (WebAuthn, 6.1.1): of two uses with one counter, the second is rejected.
   */
  async recordUse(id: string, { signCount, backedUp }: PasskeyUse, tx: Transaction): Promise<boolean> {
    const rows = await tx.query(sql`
      UPDATE account_passkeys
      SET sign_count = ${signCount}::bigint, backed_up = ${backedUp}::boolean, last_used_at = clock_timestamp()
      WHERE id = ${id} AND (backup_eligible OR sign_count < ${signCount}::bigint
        OR (sign_count = 0 AND ${signCount}::bigint = 0))
      RETURNING id`);
    return rows.length > 0;
  }

  /** Removes the passkeys of an account that were added since then, and gives their ids. */
  async removeSince(accountId: string, since: Date, tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(sql`
      DELETE FROM account_passkeys WHERE account_id = ${accountId} AND created_at >= ${since} RETURNING id`);
    return rows.map(({ id }) => id);
  }
}

/** The scope `*` is the same as `own`: not even an admin sees the passkeys of others. */
function ofActor(actor: Actor): Sql {
  return sql`row.account_id = ${actor.id}::uuid`;
}
