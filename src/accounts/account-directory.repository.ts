import { Injectable } from '@nestjs/common';
import { SecondFactors } from '../auth/authentication/second-factors.repository.js';
import type { ActorRecord, ActorSource } from '../auth/sessions/actor-loader.js';
import { FALSE, type Sql, sql, type Transaction, Transactions } from '../json-api/sql/sql.js';
import type { MailRecipient, MailRecipients } from '../mail/mail.address.js';
import type { PasswordOwners, ResetAccount } from '../passwords/credentials.repository.js';
import type { PersonalTable } from '../personal-data/personal-data.js';

/** An account as its owner sees it on joining. */
export interface Profile extends MailRecipient {
  readonly roleName: string;
}

/** What names one account: its id, or the key of its e-mail. */
export type AccountName = { readonly id: string } | { readonly emailKey: string };

/** Some accounts of a role. */
export interface RoleCount {
  readonly role: string;
  readonly accounts: number;
}

const named = (name: AccountName): Sql =>
  'id' in name ? sql`id = ${name.id}::uuid` : sql`email_key = ${name.emailKey}`;

/** What every change by the owner does to the account's own row. The invitation is void by it. */
const CHANGED = sql`invitation_expired_at = NULL, version = version + 1, updated_at = now()`;

/** The account itself. */
export const PERSONAL_ACCOUNTS: PersonalTable = { table: 'accounts', key: 'id', accounts: { id: [] } };

/**
 * Queries of other modules about accounts, for any actor: the actor of a session, the recipient of a mail, the owner of a
 * password. They declare what they need; no scope applies.
 */
@Injectable()
export class AccountDirectoryRepository implements ActorSource, MailRecipients, PasswordOwners {
  /** Put together when the first actor is loaded after a factor or a requirement was registered. */
  #factorState: { readonly isDemanded: Sql; readonly isMissing: Sql } | undefined;

  constructor(
    private readonly transactions: Transactions,
    private readonly factors: SecondFactors,
  ) {
    factors.onRegister(() => (this.#factorState = undefined));
  }

  /**
   * The condition that an account must have a second factor: it is a person's, and has one of these roles, or an
   * organization that requires one. It is given the account's id.
   */
  factorRequirement(roleNames: readonly string[]): (account: Sql) => Sql {
    // Statements with a list are not prepared, so there is none without such roles.
    const hasRole = roleNames.length === 0 ? FALSE : sql`owner.role_name = ANY(${roleNames}::text[])`;
    return (account) => sql`EXISTS (
      SELECT FROM accounts owner WHERE owner.id = ${account} AND owner.kind = 'person' AND (
        ${hasRole} OR EXISTS (
          SELECT FROM memberships membership
          JOIN organizations organization ON organization.id = membership.organization_id
          WHERE membership.account_id = owner.id AND organization.mfa_required
            AND organization.deletion_started_at IS NULL)))`;
  }

  async findActor(sessionId: string, accountId: string): Promise<ActorRecord | undefined> {
    const { isDemanded, isMissing } = (this.#factorState ??= {
      isDemanded: this.factors.isDemandedOf(sql`account.id`),
      isMissing: this.factors.isMissingFor(sql`account.id`),
    });
    const [row] = await this.transactions.query<ActorRecord>(sql`
      SELECT session.expires_at AS "expiresAt", account.email, account.name, account.picture_url AS "pictureUrl",
             CASE WHEN 'mfa' = ANY(session.amr) OR NOT ${isDemanded}
               THEN session.authenticated_at END AS "authenticatedAt",
             ${isMissing} AS "lacksFactor", account.locale,
             account.role_name AS "roleName", account.role_scope_extra AS "roleScopeExtra",
             ARRAY(
               SELECT membership.organization_id::text FROM memberships membership
               WHERE membership.account_id = account.id AND NOT EXISTS (
                 SELECT FROM organizations organization
                 WHERE organization.id = membership.organization_id AND organization.deletion_started_at IS NOT NULL)
             ) AS "organizationIds"
      FROM account_sessions session
      JOIN accounts account ON account.id = session.account_id
      WHERE session.id = ${sessionId} AND account.id = ${accountId}
        AND session.expires_at > now() AND account.enabled`);
    return row;
  }

  /** None of a service account, which has no mailbox. */
  async recipient(
    accountId: string,
    database: Pick<Transaction, 'query'> = this.transactions,
  ): Promise<MailRecipient | undefined> {
    const [row] = await database.query<MailRecipient>(
      sql`SELECT name, email, locale FROM accounts WHERE id = ${accountId} AND kind = 'person'`,
    );
    return row;
  }

  /** The recipient of a mail for an enabled account that has joined. */
  async joinedRecipient(accountId: string): Promise<MailRecipient | undefined> {
    const [row] = await this.transactions.query<MailRecipient>(sql`
      SELECT name, email, locale FROM accounts
      WHERE id = ${accountId} AND enabled AND joined_at IS NOT NULL AND kind = 'person'`);
    return row;
  }

  async profile(id: string, tx: Transaction): Promise<Profile | undefined> {
    const [row] = await tx.query<Profile>(
      sql`SELECT email, name, role_name AS "roleName" FROM accounts WHERE id = ${id}`,
    );
    return row;
  }

  /** The id of an account; null where there is none. */
  async findId(name: AccountName, tx: Transaction): Promise<string | null> {
    const [row] = await tx.query<{ id: string }>(sql`SELECT id FROM accounts WHERE ${named(name)}`);
    return row?.id ?? null;
  }

  /** Locks an account until the commit, and gives its id; null where there is none. */
  async lock(name: AccountName, tx: Transaction): Promise<string | null> {
    const [row] = await tx.query<{ id: string }>(sql`SELECT id FROM accounts WHERE ${named(name)} FOR NO KEY UPDATE`);
    return row?.id ?? null;
  }

  async lockEnabled(emailKey: string, tx: Transaction): Promise<string | null> {
    const [row] = await tx.query<{ id: string }>(
      sql`SELECT id FROM accounts WHERE email_key = ${emailKey} AND enabled AND kind = 'person' FOR NO KEY UPDATE`,
    );
    return row?.id ?? null;
  }

  async markReset(id: Sql, tx: Transaction): Promise<ResetAccount | undefined> {
    const [row] = await tx.query<ResetAccount>(sql`
      UPDATE accounts SET joined_at = coalesce(joined_at, now()), ${CHANGED}
      WHERE id = ${id} AND enabled AND kind = 'person'
      RETURNING id, joined_at = now()::timestamptz(3) AS joined`);
    return row;
  }

  async markChanged(id: string, tx: Transaction): Promise<boolean> {
    const rows = await tx.query(sql`UPDATE accounts SET ${CHANGED} WHERE id = ${id} AND enabled RETURNING id`);
    return rows.length > 0;
  }

  /**
   * How many people of each of these roles have no second factor; roles of which everyone has one are left out.
   * @param isHeldBy the condition that an account has one, given its id
   */
  async countWithoutFactor(roleNames: readonly string[], isHeldBy: (account: Sql) => Sql): Promise<RoleCount[]> {
    return this.transactions.query<RoleCount>(sql`
      SELECT role_name AS role, count(*)::int AS accounts FROM accounts owner
      WHERE role_name = ANY(${roleNames}::text[]) AND kind = 'person' AND NOT ${isHeldBy(sql`owner.id`)}
      GROUP BY role_name ORDER BY role_name`);
  }

  /** The names of all roles that accounts have. */
  async roleNames(): Promise<string[]> {
    const rows = await this.transactions.query<{ name: string }>(sql`SELECT DISTINCT role_name AS name FROM accounts`);
    return rows.map(({ name }) => name);
  }
}
