import { Inject, Injectable, Optional } from '@nestjs/common';
import { SessionRestrictions } from '../auth/sessions/session-restrictions.js';
import { type Sql, sql, type Transaction, Transactions } from '../json-api/sql/sql.js';
import type { PersonalTable } from '../personal-data/personal-data.js';

/** That an account has a password, without its hash. */
export const PERSONAL_CREDENTIALS: PersonalTable = {
  table: 'account_credentials',
  key: 'account_id',
  accounts: { account_id: ['hashed_password'] },
};

/** Whether an account has a password. @param account the account's id */
export const hasPassword = (account: Sql): Sql => sql`EXISTS (
  SELECT FROM account_credentials WHERE account_id = ${account} AND hashed_password IS NOT NULL)`;

/** The version of an account's password; 0 where there never was one. @param account the account's id */
export const passwordVersionOf = (account: Sql): Sql =>
  sql`coalesce((SELECT version FROM account_credentials WHERE account_id = ${account}), 0)`;

/** The stored password of an account. */
export interface Credentials {
  readonly hashedPassword: string | null;
  /** Incremented with every new password; 0 when there was none yet. */
  readonly version: number;
}

/** What a sign-in needs to know of an account. */
export interface SignInAccount extends Credentials {
  readonly id: string;
  readonly enabled: boolean;
}

/** What a sign-in finds by an e-mail. */
export interface FoundByEmail {
  /** Null where there is none. */
  readonly account: SignInAccount | null;
  /** Whether a restriction of sign-ins concerns the e-mail, known or not. */
  readonly isRestricted: boolean;
}

/** An account whose password is being reset. */
export interface ResetAccount {
  readonly id: string;
  /** Whether it was only invited, and has joined by the reset. */
  readonly joined: boolean;
}

/** The accounts that passwords belong to, which the owner of the table `accounts` implements. */
export abstract class PasswordOwners {
  /** Locks the enabled account of a person by e-mail, so that tokens are counted and made for it in turn; null if there is none. */
  abstract lockEnabled(emailKey: string, tx: Transaction): Promise<string | null>;

  /**
   * Locks an enabled account whose owner resets the password, and marks it as changed. An invited account has
   * joined by that, since the reset proves access to the mailbox as the invitation does.
   * @param id the account's id, or a subquery that gives it
   */
  abstract markReset(id: Sql, tx: Transaction): Promise<ResetAccount | undefined>;

  /** Locks an enabled account whose owner changes the password, and marks it as changed. False where there is none. */
  abstract markChanged(id: string, tx: Transaction): Promise<boolean>;
}

/**
 * The passwords of accounts. A writer locks the row of the account first, as all writers of an account do, so
 * that writers cannot deadlock.
 */
@Injectable()
export class CredentialsRepository {
  /** Put together at the first sign-in after a restriction was registered. */
  #restricted: Sql | undefined;

  constructor(
    private readonly transactions: Transactions,
    @Inject(SessionRestrictions) @Optional() private readonly restrictions = new SessionRestrictions(),
  ) {
    restrictions.onRegister(() => (this.#restricted = undefined));
  }

  /** The account with this key of an e-mail, and its password; a row in any case, so that an unknown one takes as long. */
  async findByEmail(emailKey: string): Promise<FoundByEmail> {
    this.#restricted ??= this.restrictions.concerns(sql`asked.email_key`);
    type Row = (SignInAccount | { readonly id: null }) & Pick<FoundByEmail, 'isRestricted'>;
    const [row] = await this.transactions.query<Row>(sql`
      SELECT account.id, account.enabled, credentials.hashed_password AS "hashedPassword",
        coalesce(credentials.version, 0) AS version, ${this.#restricted} AS "isRestricted"
      FROM (SELECT ${emailKey}::text AS email_key) asked
      LEFT JOIN accounts account ON account.email_key = asked.email_key
      LEFT JOIN account_credentials credentials ON credentials.account_id = account.id`);
    return { account: row && row.id !== null ? row : null, isRestricted: row?.isRestricted ?? false };
  }

  /** The password of an account; none of it where there is none. */
  async find(accountId: string): Promise<Credentials> {
    const [row] = await this.transactions.query<Credentials>(sql`
      SELECT hashed_password AS "hashedPassword", version FROM account_credentials WHERE account_id = ${accountId}`);
    return row ?? { hashedPassword: null, version: 0 };
  }

  /** The stored hashes of up to `limit` accounts after this one, ordered by id. */
  hashesAfter(accountId: string, limit: number): Promise<{ accountId: string; hashedPassword: string }[]> {
    return this.transactions.query(sql`
      SELECT account_id AS "accountId", hashed_password AS "hashedPassword" FROM account_credentials
      WHERE account_id > ${accountId} AND hashed_password IS NOT NULL ORDER BY account_id LIMIT ${limit}`);
  }

  /** Whether an enabled account with one of these roles has a password. */
  async anyWithRole(roleNames: readonly string[]): Promise<boolean> {
    const rows = await this.transactions.query(sql`
      SELECT 1 FROM accounts account JOIN account_credentials credentials ON credentials.account_id = account.id
      WHERE account.enabled AND credentials.hashed_password IS NOT NULL
        AND account.role_name = ANY(${roleNames}::text[]) LIMIT 1`);
    return rows.length > 0;
  }

  /** Sets a password, whether or not there was one. The account's row must be locked. */
  async set(accountId: string, hashedPassword: string, tx: Transaction): Promise<void> {
    await tx.query(sql`
      INSERT INTO account_credentials AS credentials (account_id, hashed_password)
      VALUES (${accountId}, ${hashedPassword})
      ON CONFLICT (account_id) DO UPDATE
      SET hashed_password = excluded.hashed_password, version = credentials.version + 1`);
  }

  /** Removes the password; a sign-in that compares it meanwhile fails. The account's row must be locked. */
  async remove(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`
      UPDATE account_credentials SET hashed_password = NULL, version = version + 1 WHERE account_id = ${accountId}`);
  }

  /** Replaces that version of the password. Returns false when it was changed meanwhile. The account's row must be locked. */
  async replace(accountId: string, version: number, hashedPassword: string, tx: Transaction): Promise<boolean> {
    const rows = await tx.query(sql`
      UPDATE account_credentials SET hashed_password = ${hashedPassword}, version = version + 1
      WHERE account_id = ${accountId} AND version = ${version} RETURNING account_id`);
    return rows.length > 0;
  }

  /**
   * Locks a version of the password until the commit. Returns false when it was already replaced.
   * @param rehashed a new hash of the same password, when the stored one is outdated. The account's row must be locked.
   */
  async lockVersion(accountId: string, version: number, rehashed: string | null, tx: Transaction): Promise<boolean> {
    const which = sql`account_id = ${accountId} AND version = ${version}`;
    const held =
      rehashed === null
        ? sql`SELECT account_id FROM account_credentials WHERE ${which} FOR SHARE`
        : sql`UPDATE account_credentials SET hashed_password = ${rehashed} WHERE ${which} RETURNING account_id`;
    return (await tx.query(held)).length > 0;
  }
}
