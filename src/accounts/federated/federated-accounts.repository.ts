import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { emailKey } from '../../auth/email-key.js';
import { type Sql, sql, type Transaction } from '../../json-api/sql/sql.js';
import { AccountsRepository } from '../accounts.repository.js';
import type { AccountName } from '../account-directory.repository.js';

/** What decides whether an identity provider may sign in to an account. */
export interface FederatedAccount {
  readonly id: string;
  readonly email: string;
  readonly emailKey: string;
  readonly enabled: boolean;
  readonly joined: boolean;
  /** False for the account of a service, which never signs in. */
  readonly isPerson: boolean;
  readonly roleName: string;
  readonly organizationIds: readonly string[];
}

/** An account that is made by a sign-in. */
export interface NewFederatedAccount {
  readonly name: string;
  readonly email: string;
  readonly roleName: string;
}

/** The domain of an account's e-mail, as `accounts_email_domain_idx` has it. @param account the alias of its row */
export const domainOf = (account: Sql): Sql => sql`split_part(${account}.email_key, '@', -1)`;

/** The condition that an e-mail is that of an account which signs in past an enforced provider. */
export const isExempt = (emailKey: string): Sql => sql`EXISTS (
  SELECT FROM accounts exempt WHERE exempt.email_key = ${emailKey} AND exempt.break_glass)`;

/**
 * The condition that an account has an address of one of these domains, and does not sign in past an enforced provider.
 * @param id of the account
 * @param domains a query for them
 */
export const isOfDomains = (id: Sql, domains: Sql): Sql => sql`EXISTS (
  SELECT FROM accounts member
  WHERE member.id = ${id} AND NOT member.break_glass AND ${domainOf(sql`member`)} IN (${domains}))`;

/** Accounts that sign in with identity providers. */
@Injectable()
export class FederatedAccountsRepository {
  constructor(private readonly accounts: AccountsRepository) {}

  /** Finds an account, enabled or not. */
  async find(name: AccountName, database: Pick<Transaction, 'query'>): Promise<FederatedAccount | undefined> {
    const which = 'id' in name ? sql`account.id = ${name.id}::uuid` : sql`account.email_key = ${name.emailKey}`;
    const [row] = await database.query<FederatedAccount>(sql`
      SELECT account.id, account.email, account.email_key AS "emailKey", account.enabled,
        account.joined_at IS NOT NULL AS joined, account.kind = 'person' AS "isPerson", account.role_name AS "roleName",
        ARRAY(SELECT membership.organization_id::text FROM memberships membership
              WHERE membership.account_id = account.id) AS "organizationIds"
      FROM accounts account WHERE ${which}`);
    return row;
  }

  /** Locks an enabled account that was invited, and marks it as joined. Null when there is none. */
  markJoined(id: string, tx: Transaction): Promise<string | null> {
    return this.accounts.markJoined(sql`${id}::uuid`, null, tx);
  }

  /** Creates an account that has joined. Null when the e-mail is taken. */
  async create({ name, email, roleName }: NewFederatedAccount, tx: Transaction): Promise<string | null> {
    const [row] = await tx.query<{ id: string }>(sql`
      INSERT INTO accounts (id, name, email, email_key, role_name, joined_at)
      VALUES (${uuidv7()}::uuid, ${name}, ${email}, ${emailKey(email)}, ${roleName}, now())
      ON CONFLICT (email_key) DO NOTHING RETURNING id`);
    return row?.id ?? null;
  }

  /** How many enabled accounts of people have an address of these domains, without exempt ones, and how many of them are linked. */
  async countOfDomains(
    domains: readonly string[],
    isLinked: (account: Sql) => Sql,
    tx: Transaction,
  ): Promise<{ readonly all: number; readonly linked: number }> {
    const account = sql`account`;
    const [row] = await tx.query<{ all: number; linked: number }>(sql`
      SELECT count(*)::int AS "all", count(*) FILTER (WHERE ${isLinked(account)})::int AS linked FROM accounts account
      WHERE ${domainOf(account)} = ANY(${domains}::text[])
        AND account.enabled AND account.kind = 'person' AND NOT account.break_glass`);
    return row ?? { all: 0, linked: 0 };
  }

  /** Records with which provider an account signed in last. */
  async recordChannel(id: string, slug: string, database: Pick<Transaction, 'query'>): Promise<void> {
    await database.query(sql`
      UPDATE accounts SET sso_channel = ${slug}, version = version + 1, updated_at = now()
      WHERE id = ${id} AND sso_channel IS DISTINCT FROM ${slug}`);
  }
}
